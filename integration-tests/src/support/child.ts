import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { pipeline } from 'node:stream';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly at: number;
}

const alive = new Set<ChildProcess>();
let watching = false;

/**
 * A process that we started. Its output goes into a file and costs us nothing. It does not outlive
 * this process.
 */
export class Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #exit: Exit | undefined;

  /**
   * @param input a file to pipe into its standard input; it may end before it has read all of it
   */
  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv, output: string, input?: string) {
    if (!watching) {
      watching = true;
      process.on('exit', () => {
        for (const child of alive) child.kill('SIGKILL');
      });
    }
    const file = openSync(output, 'a');
    this.#process = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', file, file], env });
    closeSync(file);
    const { stdin } = this.#process;
    if (input !== undefined && stdin !== null) pipeline(createReadStream(input), stdin, () => undefined);
    alive.add(this.#process);
    this.pid = this.#process.pid ?? -1;
    this.exited = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('exit', (code, signal) => {
        alive.delete(this.#process);
        this.#exit = { code, signal, at: Date.now() };
        resolve(this.#exit);
      });
    });
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Sends a signal; answers whether there still was a process to send it to. */
  send(signal: NodeJS.Signals): boolean {
    return this.#exit === undefined && this.#process.kill(signal);
  }

  /** Kills it, and waits until it is gone. */
  async destroy(): Promise<void> {
    this.send('SIGKILL');
    await this.exited.catch(() => undefined);
  }
}

/** Runs one of our own scripts. */
export function startNode(
  script: string,
  args: readonly string[],
  env: Record<string, string>,
  output: string,
  input?: string,
): Child {
  const inherited = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  return new Child(process.execPath, [script, ...args], { ...inherited, ...env }, output, input);
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
