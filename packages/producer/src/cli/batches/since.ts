import { showDuration } from '@bullpen/shared/internal';

/**
 * An instant: on a terminal how long ago it was, in a pipe as ISO 8601.
 * @param now what time it is by the clock of the instant
 */
export function showSince(at: number, now: number): string {
  return process.stdout.isTTY ? `${showDuration(Math.max(0, now - at))} ago` : new Date(at).toISOString();
}
