import { execa, type Options, type ResultPromise } from 'execa';
import { until } from './until.js';

/** How a process ended. */
export interface Ended {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of a process' log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/**
 * What a process reads from its standard input: nothing; this text; or what is written to it later.
 */
export type Input = string | Uint8Array | 'keep open' | undefined;

/** A process whose output is read while it runs. */
export class Attached {
  protected readonly process: ResultPromise<{ reject: false }>;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  constructor(program: string, args: readonly string[], input: Input, options: Options = {}) {
    this.process = execa(program, args, {
      ...options,
      reject: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : input === 'keep open' ? {} : { input }),
      stripFinalNewline: false,
    }) as never;
    this.process.stdout?.on('data', (part) => (this.#stdout += String(part)));
    this.process.stderr?.on('data', (part) => (this.#stderr += String(part)));
    this.ended = this.process.then(({ exitCode, signal }) => ({
      code: exitCode,
      signal,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What it has logged so far. */
  get log(): LogLine[] {
    const lines = this.#stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a log line with this message. */
  logged(message: string, limitMs?: number): Promise<LogLine> {
    return this.#until(`the log line '${message}'`, () => this.log.find(({ msg }) => msg === message), limitMs);
  }

  /** Waits until this text was printed. */
  printed(text: string | RegExp): Promise<true> {
    return this.#until(
      `'${text}'`,
      () => (text instanceof RegExp ? text.test(this.#stdout) : this.#stdout.includes(text)) || undefined,
    );
  }

  /** The error says what was printed instead. */
  #until<T>(what: string, fact: () => T | undefined, limitMs?: number): Promise<T> {
    return until(`${what} of ${this.process.pid}`, fact, limitMs).catch((error: Error) => {
      throw new Error(`${error.message}; so far: ${this.#stdout}${this.#stderr}`);
    }) as Promise<T>;
  }
}
