import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type ResultPromise } from 'execa';
import { until } from './until.js';

/** The commands under test, found as a user's script would find them. */
export const BIN = {
  'bullpen-producer': binOf('@bullpen/producer', 'bullpen-producer'),
  'bullpen-worker': binOf('@bullpen/worker', 'bullpen-worker'),
  'bullpen-dashboard': binOf('@bullpen/dashboard', 'bullpen-dashboard'),
};

function binOf(name: string, command: string): string {
  const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return join(dirname(manifest), bin[command] as string);
}

/** How a command ended. */
export interface Ended {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A command that was started. */
export class RunningCommand {
  readonly #process: ResultPromise<{ reject: false; all: false }>;
  #stdout = '';
  #stderr = '';
  readonly ended: Promise<Ended>;

  constructor(
    command: keyof typeof BIN,
    args: readonly string[],
    env: Record<string, string>,
    input?: string | Uint8Array,
  ) {
    this.#process = execa(process.execPath, [BIN[command], ...args], {
      reject: false,
      // How long a drain may take is for the command to say.
      forceKillAfterDelay: false,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      extendEnv: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : input === 'keep open' ? {} : { input }),
      stripFinalNewline: false,
    }) as never;
    this.#process.stdout?.on('data', (part) => (this.#stdout += String(part)));
    this.#process.stderr?.on('data', (part) => (this.#stderr += String(part)));
    this.ended = this.#process.then(({ exitCode, signal }) => ({
      code: exitCode,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What it has logged so far. */
  get log(): LogLine[] {
    return this.#stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []));
  }

  /** Waits for a log line with this message. */
  logged(message: string, limitMs?: number): Promise<LogLine> {
    return until(
      `the log line '${message}' of ${this.pid}; so far: ${this.#stdout}${this.#stderr}`,
      () => this.log.find(({ msg }) => msg === message),
      limitMs,
    );
  }

  /** Waits until this text was printed. */
  printed(text: string): Promise<true> {
    return until(`'${text}' from ${this.pid}; so far: ${this.#stdout}${this.#stderr}`, () =>
      this.#stdout.includes(text),
    );
  }

  /** Writes to the standard input of a command that was started with 'keep open'. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Makes sure that it is gone. */
  async destroy(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
