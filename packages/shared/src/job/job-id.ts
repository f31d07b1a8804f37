import { createHash, randomUUID } from 'node:crypto';

/**
 * The id of a job with a key. The same job name and key always give the same id.
 *
 * BullMQ reads some ids as commands (`active`, `0`, anything with a colon), so the key itself never
 * becomes the id. The readable part of the id is for people; the hash makes it unique.
 */
export function idForKey(jobName: string, key: string): string {
  const readable = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  // UTF-16, because UTF-8 writes every half of a surrogate pair as the same character: keys that
  // differ only there would share an id.
  const hash = createHash('sha256')
    .update(jobName)
    .update('\0')
    .update(key, 'utf16le')
    .digest('base64url')
    .slice(0, 22);
  return `k-${readable}-${hash}`;
}

/** A new id for a job without a key. */
export function newId(): string {
  return `j-${randomUUID()}`;
}

const MAX_KEY = 1_000;

/** Says what is wrong with a key, or returns `undefined`. A key may be nearly any text. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string') return `expected text, got ${typeof key}`;
  if (key.length === 0 || key.length > MAX_KEY) {
    return `expected 1 to ${MAX_KEY} characters, got ${key.length}`;
  }
  return undefined;
}
