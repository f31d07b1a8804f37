import { execa, type ResultPromise } from 'execa';
import type { Ended, LogLine } from '../../support/command.js';
import { until } from '../../support/until.js';
import { docker } from './docker.js';

/** How to run a container. */
export interface ContainerStart {
  readonly name: string;
  /** What stands between `docker run` and the image. */
  readonly flags: readonly string[];
  readonly image: string;
  readonly args: readonly string[];
  /** For its standard input, which ends after it, or stays open and says nothing. */
  readonly input?: string | 'keep open';
}

/** A container whose `docker run` we stay attached to: what it prints is read as it comes, and its exit code is the container's. */
export class Container {
  readonly name: string;
  readonly ended: Promise<Ended>;
  readonly #process: ResultPromise<{ reject: false }>;
  #stdout = '';
  #stderr = '';

  constructor({ name, flags, image, args, input }: ContainerStart) {
    this.name = name;
    const interactive = input === undefined ? [] : ['--interactive'];
    this.#process = execa('docker', ['run', '--name', name, ...interactive, ...flags, image, ...args], {
      reject: false,
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

  /** What it has logged so far. */
  get log(): LogLine[] {
    const lines = this.#stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a log line with this message. */
  logged(message: string, limitMs?: number): Promise<LogLine> {
    return until(
      `the log line '${message}' of ${this.name}`,
      () => this.log.find(({ msg }) => msg === message),
      limitMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; so far: ${this.#stdout}${this.#stderr}`);
    });
  }

  /** Sends its process 1 a signal. */
  async kill(signal: string): Promise<void> {
    await docker(['kill', '--signal', signal, this.name]);
  }

  /** `docker stop`: SIGTERM, and SIGKILL when it is still there after so many seconds. */
  async stop(graceS: number): Promise<void> {
    await docker(['stop', '--time', String(graceS), this.name]);
  }

  /** Makes sure that it is gone. */
  async destroy(): Promise<void> {
    await docker(['rm', '--force', '--volumes', this.name]).catch((error: Error) => {
      if (!error.message.includes('No such container')) throw error;
    });
    await this.ended;
  }
}
