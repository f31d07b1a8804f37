import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactUrls } from '../job/redact-urls.js';
import { redisAddressFault, withoutCredentials } from './redis-address.js';
import { readRedisUrl, redisUrlFault } from './redis-url.js';

/** A password of characters that a URL can hold unescaped, unusual ones among them. */
const rawPassword = fc
  .array(fc.constantFrom(..."abcXYZ019-._~!$&'()*+,;=:@^|`<>{}[]"), { minLength: 6, maxLength: 30 })
  .map((characters) => characters.join(''));

describe('redisUrlFault', () => {
  it.each([
    'redis://localhost',
    'redis://127.0.0.1:6379',
    'redis://[::1]:6380/2',
    'rediss://user:p%40ss@redis.example.com:6379/0',
    'redis://:only-a-password@host',
    'redis://host/',
    'redis://user:p@ss@host',
  ])('finds nothing wrong with %s', (url) => {
    expect(redisUrlFault(url)).toBeUndefined();
  });

  it.each([
    ['', /expected a URL such as/],
    ['localhost:6379:1', /expected redis:\/\//],
    ['bob:secret@host', /expected redis:\/\/.*at the beginning; to log in/],
    ['//host', /expected a URL such as/],
    ['redis://host:port', /expected a URL such as/],
    ['redis://host:99999', /expected a URL such as/],
    [
      'http://host',
      /expected redis:\/\/, rediss:\/\/ \(TLS\), redis\+sentinel:\/\/ or redis\+cluster:\/\/ at the beginning/,
    ],
    ['redis:host', /names no host/],
    ['redis:///0', /names no host/],
    ['redis://host/zero', /nothing but a database number/],
    ['redis://host/0/1', /nothing but a database number/],
    ['redis://host/-1', /nothing but a database number/],
    ['redis://host?db=2', /the database goes behind the \/, as in redis:\/\/host:6379\/3/],
    ['redis://host:6379/0?a=1&tls=true', /write rediss:\/\/ for TLS/],
    ['redis://host?ssl_cert_reqs=none', /write rediss:\/\/ for TLS/],
    ['redis://host?password=x', /as <user>:<password>@/],
    ['redis://host?family=6', /expected nothing behind a '\?'/],
    ['redis://host#2', /expected nothing behind a '#'; in a password write %23 for it/],
    ['redis://user:100%@host', /'%' that is not part of an escape/],
    ['redis://us%er:1@host', /'%' that is not part of an escape/],
    ['redis://a%4:1b@host', /'%' that is not part of an escape/],
    ['redis://user:%ff@host', /'%' that is not part of an escape/],
  ])('says what is wrong with %j', (url, message) => {
    expect(redisUrlFault(url)).toMatch(message);
  });

  it('never repeats a password, wherever it stands in a wrong URL', () => {
    const urls = (secret: string) => [
      `redis://user:${secret}@host/zero`,
      `redis://user:12/${secret}@host:6379/0`,
      `redis://user:12/0/${secret}`,
      `http://user:${secret}@host`,
      `redis://user:${secret}%@host`,
      `redis://user:${secret}@host:port`,
      `user:${secret}@host`,
      `redis:${secret}`,
    ];
    fc.assert(
      fc.property(rawPassword, (password) => {
        for (const url of urls(`hunter2${password}`)) expect(redisUrlFault(url) ?? '').not.toContain('hunter2');
      }),
    );
  });
});

describe('readRedisUrl', () => {
  it('fills in port, database and everything else that is absent', () => {
    expect(readRedisUrl('redis://localhost')).toEqual({
      ...{ host: 'localhost', port: 6379, username: undefined, password: undefined, db: 0 },
      ...{ tls: false, servername: undefined },
    });
  });

  it('reads every part', () => {
    expect(readRedisUrl('rediss://me:secret@redis.example.com:6390/3')).toEqual({
      ...{ host: 'redis.example.com', port: 6390, username: 'me', password: 'secret', db: 3 },
      ...{ tls: true, servername: 'redis.example.com' },
    });
  });

  it('takes an IPv6 address out of its brackets', () => {
    expect(readRedisUrl('redis://[2001:db8::1]:6380')).toMatchObject({ host: '2001:db8::1', port: 6380 });
  });

  it('has no name for the TLS handshake when the host is an IP address: Node throws at such a name', () => {
    for (const url of ['rediss://10.0.0.5:6379', 'rediss://[2001:db8::1]']) {
      expect(readRedisUrl(url)).toMatchObject({ tls: true, servername: undefined });
    }
  });

  it('decodes user and password, whatever they were before they were encoded', () => {
    const anyWellFormed = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(anyWellFormed, anyWellFormed, (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@host/1`;
        expect(redisUrlFault(url)).toBeUndefined();
        expect(readRedisUrl(url)).toMatchObject({ username, password, host: 'host', db: 1 });
      }),
    );
  });

  it('reads every URL in which redisUrlFault finds nothing wrong', () => {
    const anyUrl = fc
      .tuple(fc.constantFrom('redis://', 'rediss://'), fc.string(), fc.constantFrom('', ':', '@', '%'), fc.string())
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(anyUrl, (url) => {
        if (redisUrlFault(url) === undefined) expect(readRedisUrl(url).host).not.toBe('');
      }),
    );
  });
});

describe('withoutCredentials', () => {
  it.each([
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['redis://user:secret@host:6380/2', 'redis://host:6380/2'],
    ['rediss://:secret@[::1]:6379/0', 'rediss://[::1]:6379/0'],
    ['redis://user@host', 'redis://host'],
  ])('shows %s as %s', (url, shown) => {
    expect(withoutCredentials(url)).toBe(shown);
  });

  it('removes every password, however unusual', () => {
    for (const odd of ['@', '"', "'", ' ', '\\', '`', 'é', '😀', '%22', ':', ',']) {
      expect(withoutCredentials(`redis://user:sec${odd}ret@host:6379/0`)).toBe('redis://host:6379/0');
    }
  });
});

describe('the faults of an address', () => {
  it.each([
    ['redis://default:42#secret@host', "a '#' stands before the last '@'; in a user or a password write %23 for it"],
    ['redis://user:12?3@host', "a '?' stands before the last '@'; in a user or a password write %3F for it"],
    ['rediss://user:a@b/c@host', "a '/' stands before the last '@'; in a user or a password write %2F for it"],
    ['redis+sentinel://u:12/3@h/m', "a '/' stands before the last '@'; in a user or a password write %2F for it"],
    ['redis+cluster://u:#@h', "a '#' stands before the last '@'; in a user or a password write %23 for it"],
    ['redis+sentinel://h/m?sentinelPassword=a@b', /^expected nothing but sentinelUsername=… and sentinelPassword=…/],
    ['redis+cluster://h?db=3', /the database goes behind the \//],
  ])('say which character of a password to escape: %s', (url, says) => {
    expect(redisAddressFault(url)).toMatch(says);
  });

  it.each(['localhost', 'redis+sentinel://a b', 'redis+cluster://a b'])(
    'show an example that is not hidden: %s',
    (url) => {
      const fault = redisAddressFault(url);
      expect(fault).toMatch(/^expected a URL such as .*<user>:<password>@ before the host/);
      expect(redactUrls(fault ?? '')).toBe(fault);
    },
  );
});
