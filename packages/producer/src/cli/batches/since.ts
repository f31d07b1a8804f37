import { showDuration } from '@bullpen/shared/internal';

/** An instant: how long ago on a terminal, in full in a pipe. */
export function showSince(at: number): string {
  return process.stdout.isTTY ? `${showDuration(Math.max(0, Date.now() - at))} ago` : new Date(at).toISOString();
}
