import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedisProgram } from '@bullpen/dev-redis';
import { RedisServer } from '../support/redis-server.js';
import { checkTypes } from './check-types.js';
import { type CodeBlock, readCodeBlocks } from './code-blocks.js';
import { CommandWorld } from './command-world.js';
import { checkData } from './data-blocks.js';
import { runFiles } from './run-files.js';
import { OURS, readCommands, type ShellCommand } from './shell-commands.js';
import { folderOf, placeFault, type TypedBlock, toFiles } from './typed-blocks.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Below a package, so that imports are found as an app's are. */
const BUILT = fileURLToPath(new URL('../../dist/', import.meta.url));
/** The address that documents write. Here it is that of a private Redis. */
const ADDRESS = 'redis://127.0.0.1:6379';

/**
 * Programs that a document may start and that do not run here. Other tests try what matters of
 * them.
 */
const NOT_RUN = new Set([
  'cp',
  'cd',
  'curl',
  'docker',
  'git',
  'kubectl',
  'npm',
  'npx',
  'pnpm',
  'redis-cli',
  'sh',
  'yarn',
]);
/** Those of Redis itself run where they are installed. */
const RUN = new Set([...OURS, ...(isOnPath('redis-cli') ? ['redis-cli'] : [])]);
const PNPM_COMMANDS = new Set(['add', 'exec', 'install', 'run']);

/** A text, by its path in the repository. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/**
 * Checks every code block of documents: types, programs, commands and data. Where a block speaks of
 * jobs or handlers that its document does not have, it means those of the first document.
 */
export class DocumentCheck {
  readonly #blocks: readonly CodeBlock[];
  readonly #files: readonly TypedBlock[];
  readonly #folder: string;
  #typeFaults: readonly string[] = [];

  private constructor(documents: readonly Document[], folder: string) {
    this.#blocks = documents
      .flatMap(({ path, text }) => readCodeBlocks(path, text))
      .filter(({ mark }) => mark !== 'test:install');
    this.#files = toFiles(this.#blocks, folderOf(documents[0]?.path ?? ''));
    this.#folder = folder;
  }

  /** Reads the documents, and checks and builds their programs in one run of the compiler. */
  static async begin(documents: readonly Document[]): Promise<DocumentCheck> {
    const check = new DocumentCheck(documents, await mkdtemp(join(BUILT, 'documents-')));
    const sources = check.#files.map(({ path, text }) => ({
      path,
      text: text.replaceAll(`'${ADDRESS}'`, `(process.env['REDIS_URL'] ?? '${ADDRESS}')`),
    }));
    const faults = await checkTypes(sources, check.#folder);
    check.#typeFaults = faults.map((fault) => placeFault(fault, check.#files));
    return check;
  }

  typeFaults(document: string): string[] {
    return this.#typeFaults.filter((fault) => fault.startsWith(`${document}:`));
  }

  /** Runs the programs of a document one after the other, then its commands. */
  async runFaults(document: string): Promise<string[]> {
    const files = this.#files.filter(
      ({ block, path, runs }) => runs && block.document === document && path.startsWith(`${folderOf(document)}/`),
    );
    const commands = this.#commandsOf(document).filter(({ program }) => RUN.has(program));
    if (files.length + commands.length === 0) return [];
    const world = join(this.#folder, 'worlds', folderOf(document));
    const built = join(this.#folder, 'out', folderOf(document));
    const shell = await CommandWorld.create(world, built);
    const redis = await RedisServer.start(await findRedisProgram(), world);
    try {
      const paths = files.map(({ path }) => this.built(document, path.slice(folderOf(document).length + 1)));
      const fault = paths.length === 0 ? undefined : await runFiles(paths, world, redis.url);
      const faults = fault === undefined ? [] : [`${document}: ${fault}`];
      for (const command of commands) {
        const { code, stdout, stderr } = await shell.run(command, redis.url);
        if (code !== command.exits)
          faults.push(
            `${document}:${command.line}: exit ${code}, not ${command.exits}: ${command.text}\n${stdout}${stderr}`,
          );
      }
      return faults;
    } finally {
      await redis.kill();
    }
  }

  /** Where a file of a document was built. */
  built(document: string, file: string): string {
    return join(this.#folder, 'out', folderOf(document), file.replace(/\.([cm]?)ts$/, '.$1js'));
  }

  /** Checks data, and commands of other programs as far as they name what is ours. */
  otherFaults(document: string): string[] {
    const inDocument = this.#blocks.filter((block) => block.document === document);
    const data = inDocument.flatMap((block) =>
      (checkData(block) ?? []).map((fault) => `${document}:${block.line}: ${fault}`),
    );
    const known = (block: CodeBlock) =>
      block.language === 'sh' || checkData(block) !== undefined || this.#files.some((file) => file.block === block);
    const unknown = inDocument
      .filter((block) => !known(block))
      .map(({ line, language }) => `${document}:${line}: nothing checks a block of '${language}'`);
    const foreign = this.#commandsOf(document)
      .filter(({ program }) => !RUN.has(program))
      .flatMap((command) =>
        foreignFaults(command).map((fault) => `${document}:${command.line}: ${fault}: ${command.text}`),
      );
    return [...data, ...unknown, ...foreign];
  }

  async end(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #commandsOf(document: string): ShellCommand[] {
    return this.#blocks.filter((block) => block.document === document && block.language === 'sh').flatMap(readCommands);
  }
}

function foreignFaults({ program, text }: ShellCommand): string[] {
  if (!NOT_RUN.has(program)) return [`nothing checks '${program}'`];
  const [, script] = /^(?:npx --yes )?pnpm(?:@\d+)? ([\w:-]+)/.exec(text) ?? [];
  if (script !== undefined && !PNPM_COMMANDS.has(script) && !(script in scripts()))
    return [`package.json has no script '${script}'`];
  const named = [...text.matchAll(/(?<=\s)(?:scripts|deploy)\/[\w./-]+/g)].map(([path]) => path);
  return named
    .filter((path) => !existsSync(join(ROOT, path)) && !path.endsWith('secret.env'))
    .map((path) => `there is no ${path}`);
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function scripts(): Record<string, string> {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
}
