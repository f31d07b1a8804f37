import { constants } from 'node:os';
import { execa } from 'execa';
import { onEndingSignal } from './signals.js';

/**
 * Runs a command with REDIS_URL set and this process's own terminal; returns its exit code as a
 * shell would.
 */
export async function runCommand(command: string, args: readonly string[], redisUrl: string): Promise<number> {
  const child = execa(command, args, {
    stdio: 'inherit',
    env: { REDIS_URL: redisUrl },
    reject: false,
    // How long the command takes to end is its own affair: a worker drains for half a minute.
    forceKillAfterDelay: false,
  });
  onEndingSignal((signal) => {
    // A terminal sends Ctrl-C and its own end to the command as well, and twice means "at once" to
    // many.
    if (signal === 'SIGTERM' || !hasTerminal()) child.kill(signal);
  });
  const result = await child;
  if (result.code === 'ENOENT') process.stderr.write(`dev-redis: ${command}: command not found\n`);
  return exitCodeOf(result);
}

/** How a command ended, as far as its exit code goes. */
export interface CommandEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly code?: string | undefined;
}

/**
 * A shell's exit code: the command's own, 128 and the number of the signal that ended it, or why it
 * could not run.
 */
export function exitCodeOf({ exitCode, signal, code }: CommandEnd): number {
  if (exitCode !== undefined) return exitCode;
  if (signal !== undefined) return 128 + constants.signals[signal];
  return code === 'ENOENT' ? 127 : 126;
}

function hasTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
}
