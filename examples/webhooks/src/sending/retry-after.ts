const LEAST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60 * 60 * 1_000;

/**
 * When a `Retry-After` header allows the next request, in milliseconds since 1970. The header holds
 * seconds or an HTTP date. A receiver may ask for anything, so the wait is at least a second and at
 * most an hour.
 * @returns undefined when there is no header, or one that makes no sense
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const at = readInstant(header?.trim() ?? '', now);
  if (at === undefined || Number.isNaN(at)) return undefined;
  return Math.min(Math.max(at, now + LEAST_WAIT_MS), now + MAX_WAIT_MS);
}

function readInstant(text: string, now: number): number | undefined {
  if (/^\d+$/.test(text)) return now + Number(text) * 1_000;
  // Date.parse accepts nearly anything (`-5` is a month of 2001); an HTTP date ends in GMT.
  return text.endsWith('GMT') ? Date.parse(text) : undefined;
}
