import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Attached, type Ended } from '../support/attached.js';
import type { ShellCommand } from './shell-commands.js';

const FILES = fileURLToPath(new URL('./world', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const STUB_WORKER = fileURLToPath(new URL('../../dist/docs/stub-worker.js', import.meta.url));
const WEBHOOKS = fileURLToPath(
  new URL('./dist/jobs.js', import.meta.resolve('@bullpen/example-webhooks/package.json')),
);

/** What a command prints that serves until it is stopped, once it serves. */
const SERVING: Readonly<Record<string, RegExp>> = {
  'bullpen-worker': /"msg":"worker ready"/,
  'bullpen-dashboard': /"msg":"dashboard ready"/,
  'bullpen-dev-redis': /^redis:\/\//m,
};
/** With these such a command ends by itself. */
const ENDS = /--until-empty| -- |--help|--version/;

/** Commands that wait for a worker. */
const WAITS = /--wait|\bwatch\b/;

/**
 * A folder in which the commands of a document run as they stand there: with the files that the
 * documents speak of, the built files of the document in `dist`, and our commands on the `PATH`.
 */
export class CommandWorld {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#env = {
      PATH: `${join(NODE_MODULES, '.bin')}:${process.env['PATH']}`,
      HOME: String(process.env['HOME']),
      BULLPEN_DASHBOARD_PORT: '0',
    };
  }

  /** @param built the folder with the built files of the document */
  static async create(folder: string, built: string): Promise<CommandWorld> {
    await mkdir(folder, { recursive: true });
    await cp(FILES, folder, { recursive: true });
    await symlink(built, join(folder, 'dist'));
    await symlink(NODE_MODULES, join(folder, 'node_modules'));
    return new CommandWorld(folder);
  }

  /**
   * Runs a command of ours to its end. A command that serves is stopped when it has said that it
   * serves.
   */
  async run({ program, text }: ShellCommand, redisUrl: string): Promise<Ended> {
    const REDIS_URL = redisUrl;
    const command = text.replace(/--health-port \d+/, '--health-port 0');
    // The producer's image brings its jobs, and has our data at /data.
    const isInContainer = command.includes('webhook.deliver');
    const jobs = isInContainer ? WEBHOOKS : join(this.#folder, 'dist/jobs.js');
    const worker = WAITS.test(command) ? this.#start(`node ${STUB_WORKER}`, { REDIS_URL, JOBS: jobs }) : undefined;
    try {
      const running = this.#start(command.replaceAll('/data/', ''), {
        REDIS_URL,
        ...(isInContainer ? { BULLPEN_JOBS: WEBHOOKS } : {}),
      });
      const serving = SERVING[program];
      if (serving !== undefined && !ENDS.test(command)) await running.stopWhenPrinted(serving);
      return await running.ended;
    } finally {
      worker?.stop();
      await worker?.ended;
    }
  }

  #start(command: string, env: Readonly<Record<string, string>>): Shell {
    return new Shell(command, this.#folder, { ...this.#env, ...env });
  }
}

/** A command that the shell starts, in its place. */
class Shell extends Attached {
  constructor(command: string, cwd: string, env: Readonly<Record<string, string>>) {
    // With `env`, variables may stand before the program.
    super('sh', ['-c', `exec env ${command}`], undefined, { cwd, env, extendEnv: false, forceKillAfterDelay: false });
  }

  stop(): void {
    this.process.kill('SIGTERM');
  }

  /** Stops it when this was printed, or lets it end without it. */
  async stopWhenPrinted(text: RegExp): Promise<void> {
    await Promise.race([this.printed(text).then(() => this.stop()), this.ended]);
  }
}
