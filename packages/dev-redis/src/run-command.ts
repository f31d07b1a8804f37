import { constants } from 'node:os';
import { execa } from 'execa';
import { onEndingSignal } from './signals.js';

/**
 * Runs a command with REDIS_URL set, on the terminal of this process. Returns its exit code, as a
 * shell would.
 */
export async function runCommand(command: string, args: readonly string[], redisUrl: string): Promise<number> {
  const child = execa(command, args, {
    stdio: 'inherit',
    env: { REDIS_URL: redisUrl },
    reject: false,
    // The command may take its time to end: a worker drains for half a minute.
    forceKillAfterDelay: false,
  });
  onEndingSignal((signal) => {
    // The terminal sends Ctrl-C, and its own end, to the command as well. Many commands take a
    // second signal as "stop at once".
    if (signal === 'SIGTERM' || !hasTerminal()) child.kill(signal);
  });
  const result = await child;
  const why = result.code === undefined ? undefined : (NOT_RUN[result.code] ?? result.code);
  if (why !== undefined) process.stderr.write(`bullpen-dev-redis: ${hideAddress(command)}: ${why}\n`);
  return exitCodeOf(result);
}

/** Somebody may write an address where a command is expected. */
const hideAddress = (command: string): string => (/:\/\/|@/.test(command) ? '***' : command);

/** Why a command could not be run, in the words of a shell, by Node's code. */
const NOT_RUN: Readonly<Record<string, string>> = {
  ENOENT: 'command not found',
  EACCES: 'permission denied; is it executable?',
};

/** The end of a command: all that decides its exit code. */
export interface CommandEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly code?: string | undefined;
}

/**
 * Returns the exit code that a shell would give: the command's own, 128 plus the number of the
 * signal that ended it, 127 when it does not exist, or 126 when it cannot run.
 */
export function exitCodeOf({ exitCode, signal, code }: CommandEnd): number {
  if (exitCode !== undefined) return exitCode;
  if (signal !== undefined) return 128 + constants.signals[signal];
  return code === 'ENOENT' ? 127 : 126;
}

function hasTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
}
