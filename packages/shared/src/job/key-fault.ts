const MAX_KEY = 1_000;

/**
 * Says what is wrong with a key, or returns `undefined`. A key may be nearly any text. It is not in
 * `job-id.ts`, because `--help` loads this, and would load Node's cryptography with it.
 */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string') return `expected text, got ${key === null ? 'null' : typeof key}`;
  if (key.length === 0 || key.length > MAX_KEY) {
    return `expected 1 to ${MAX_KEY} characters, got ${key.length}`;
  }
  return undefined;
}
