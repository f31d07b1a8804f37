import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { type Printed, printedUnder } from './printed-lines.js';

/** A Node version that a page names. Its value is the variable with the folder of its `node`. */
export const NODE = { oldest: 'INSTALL_NODE_OLDEST', stripsTypes: 'INSTALL_NODE_STRIPS_TYPES' } as const;

/** The folder of an app, in which a reader types what a page prints. */
export interface App {
  /**
   * Writes the files that a page prints under a heading, and runs its commands. Returns their
   * output.
   */
  follow(page: string, heading: string, node?: keyof typeof NODE): Promise<string>;
  /** Writes the files that a page prints under a heading into a folder of the app. */
  files(page: string, heading: string, folder: string): Promise<void>;
  /**
   * Runs commands in the folder of the app, and returns their output. A command that fails throws.
   */
  run(commands: string, node?: keyof typeof NODE): Promise<string>;
  write(name: string, text: string): Promise<void>;
  /** Changes a file. It throws when that changes nothing. */
  edit(name: string, from: string | RegExp, to: string): Promise<void>;
}

/**
 * Makes an empty folder for an app.
 * @param parent the folder that has the clone as `bullpen`
 * @param node the Node version that runs its commands
 */
export async function emptyApp(parent: string, name: string, node: keyof typeof NODE = 'oldest'): Promise<App> {
  const folder = join(parent, name);
  await mkdir(folder);
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  const run = (commands: string, by = node): Promise<string> => runPrinted(commands, folder, by);
  const put = async (printed: Printed, by = node): Promise<string> => {
    // ground.setup.ts has the clone, and packed it.
    if (printed.kind === 'commands') return printed.text.startsWith('git clone') ? '' : run(printed.text, by);
    await write(printed.name, printed.text);
    return '';
  };
  return {
    write,
    run,
    async follow(page, heading, by) {
      let output = '';
      for (const printed of await printedUnder(page, heading)) output += await put(printed, by);
      return output;
    },
    async files(page, heading, into) {
      for (const printed of await printedUnder(page, heading)) {
        if (printed.kind === 'file') await write(join(into, printed.name), printed.text);
      }
    },
    async edit(file, from, to) {
      const text = await readFile(join(folder, file), 'utf8');
      const edited = text.replace(from, to);
      if (edited === text) throw new Error(`${file} has nothing to edit: ${from}`);
      await write(file, edited);
    },
  };
}

/**
 * Runs commands as a reader's shell does, without what pnpm and vitest put into the environment.
 * npm refuses packages that do not run on this Node; yarn 1 always does.
 */
export async function runPrinted(commands: string, folder: string, node?: keyof typeof NODE): Promise<string> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|VITEST|NODE_(ENV|OPTIONS|PATH)$|BULLPEN_|REDIS_URL$|INIT_CWD$|TEST$)/i.test(name),
  );
  const paths = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  const env = {
    ...Object.fromEntries(own),
    PATH: [...(node === undefined ? [] : [process.env[NODE[node]] ?? '']), ...paths].join(delimiter),
    npm_config_engine_strict: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    // Yarn keeps a tarball by its name and version, and would install that of an earlier run.
    YARN_CACHE_FOLDER: join(folder, '..', 'yarn-cache'),
  };
  const { all } = await execa('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    cwd: folder,
    env,
    extendEnv: false,
    all: true,
    stdin: 'ignore',
  });
  return all;
}
