import { showDuration } from '@bullpen/shared/internal';

/** An instant: on a terminal how long ago it was, in a pipe as ISO 8601. */
export function showSince(at: number): string {
  return process.stdout.isTTY ? `${showDuration(Math.max(0, Date.now() - at))} ago` : new Date(at).toISOString();
}
