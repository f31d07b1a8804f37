import { describe, expect, it } from 'vitest';
import type { Environment } from '../environment.js';
import { connectToUrl, hidePassword } from './url.js';

describe('hidePassword', () => {
  it.each([
    ['redis://127.0.0.1:6379/1', 'redis://127.0.0.1:6379/1'],
    ['redis://:secret@host:6379', 'redis://***@host:6379'],
    ['rediss://user:secret@host', 'rediss://***@host'],
    ['redis://user:se/cr@et@host', 'redis://***@host'],
  ])('shows %s as %s', (url, shown) => {
    expect(hidePassword(url)).toBe(shown);
  });
});

describe('connectToUrl', () => {
  it.each([
    ['without a scheme', 'bob:secret@host:6379', 'is not an address that begins with redis:// or rediss://'],
    ['of another scheme', 'http://bob:secret@host', 'is not an address that begins with redis:// or rediss://'],
    ['with a slash in the password', 'redis://bob:secret/@host', 'is no URL; special characters of a password are'],
  ])('refuses an address %s, and does not repeat it', async (_, redisUrl, why) => {
    const error: Error = await connectToUrl({ redisUrl } as Environment).then(
      () => new Error('it connected'),
      (reason: Error) => reason,
    );
    expect(error.message).toContain(`REDIS_URL ${why}`);
    expect(error.message).toContain('Correct it, or unset REDIS_URL');
    expect(error.message).not.toContain('secret');
  });
});
