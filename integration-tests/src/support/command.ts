import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Attached, type Input } from './attached.js';

/** The commands under test, found as a user's script finds them. */
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

/** A command that was started. */
export class RunningCommand extends Attached {
  constructor(command: keyof typeof BIN, args: readonly string[], env: Record<string, string>, input?: Input) {
    super(process.execPath, [BIN[command], ...args], input, {
      // The command itself limits its drain.
      forceKillAfterDelay: false,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      extendEnv: false,
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  /** Writes to the standard input of a command that was started with 'keep open'. */
  write(text: string): void {
    this.process.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Kills it, and waits until it is gone. */
  async destroy(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}
