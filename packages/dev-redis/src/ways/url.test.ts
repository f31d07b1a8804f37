import { describe, expect, it } from 'vitest';
import type { Environment } from '../environment.js';
import { connectToUrl, showUrl, urlFault } from './url.js';

describe('showUrl', () => {
  it.each([
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['redis://user:secret@host:6380/2', 'redis://host:6380/2'],
    ['redis://user:p@ss@host', 'redis://host'],
    ['redis://user:sec\nret@host', 'redis://host'],
    ['rediss://:secret@[::1]:6379/0', 'rediss://[::1]:6379/0'],
  ])('shows %j as %s', (url, shown) => {
    expect(showUrl(url)).toBe(shown);
  });
});

describe('connectToUrl', () => {
  it.each([
    ['without a scheme', 'bob:secret@host:6379', 'is not an address that begins with redis:// or rediss://'],
    ['of another scheme', 'http://bob:secret@host', 'is not an address that begins with redis:// or rediss://'],
    ['with a slash in the password', 'redis://bob:secret/@host', 'is no URL; special characters of a password are'],
    ['with a slash behind a port', 'redis://bob:42/secret@host', 'has more behind the host than a port'],
    ['with a hash in the password', 'redis://bob:42#secret@host', 'has more behind the host than a port'],
    ['with a question mark in it', 'redis://bob:42?secret@host', 'has more behind the host than a port'],
    ['with options', 'redis://host?password=secret', 'has more behind the host than a port'],
    ['without a host', 'redis:///secret', 'names no host'],
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

it('shows no password, whatever characters it has and wherever it stands', () => {
  const signs = [...'/?#@:%&=,;[]{}()<>|^`"\'\\!$*+ \n\té', '%2F', '//', '://', '?password='];
  const addresses = ['redis://', 'rediss://', 'REDIS://', 'redis:', '//', '', 'http://', 'redis+sentinel://'].flatMap(
    (scheme) =>
      ['', 'bob'].flatMap((user) => signs.map((sign) => `${scheme}${user}:42${sign}hunter2${sign}7@host:6379/0`)),
  );
  addresses.push(...signs.map((sign) => `redis://host/0?password=${sign}hunter2`));
  expect(addresses.filter((url) => (urlFault(url) ?? showUrl(url)).includes('hunter2'))).toEqual([]);
});
