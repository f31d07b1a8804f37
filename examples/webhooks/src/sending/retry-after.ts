const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60 * 60 * 1_000;

/**
 * Reads from a `Retry-After` header how long to wait, in milliseconds. The header holds seconds or an
 * HTTP date. A receiver may ask for any time, so the wait is limited: at least a second, at most an
 * hour.
 * @returns `undefined` when the header is absent or not valid
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const waitMs = readWait(header?.trim() ?? '', now);
  if (waitMs === undefined || Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(waitMs, MIN_WAIT_MS), MAX_WAIT_MS);
}

function readWait(text: string, now: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  // Date.parse accepts nearly anything (`-5` is a month of 2001); an HTTP date ends in GMT.
  return text.endsWith('GMT') ? Date.parse(text) - now : undefined;
}
