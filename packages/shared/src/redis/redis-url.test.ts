import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redisAddressFault, withoutCredentials } from './redis-address.js';
import { readRedisUrl, redactUrls, redisUrlFault } from './redis-url.js';

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
    ['//host', /expected a URL such as/],
    ['redis://host:port', /expected a URL such as/],
    ['redis://host:99999', /expected a URL such as/],
    [
      'http://host',
      /expected redis:\/\/, rediss:\/\/ \(TLS\), redis\+sentinel:\/\/ or redis\+cluster:\/\/, got http:\/\//,
    ],
    ['redis:host', /names no host/],
    ['redis:///0', /names no host/],
    ['redis://host/zero', /nothing but a database number/],
    ['redis://host/0/1', /nothing but a database number/],
    ['redis://host/-1', /nothing but a database number/],
    ['redis://host?db=2', /no '\?' and no '#'/],
    ['redis://host:6379/0?tls=true', /no '\?' and no '#'/],
    ['redis://host#2', /no '\?' and no '#'/],
    ['redis://user:12?3@host', /no '\?' and no '#'/],
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

describe('redactUrls', () => {
  it.each([
    ['connecting to redis://user:secret@host:6379/0', 'connecting to redis://***@host:6379/0'],
    ['redis://:secret@host', 'redis://***@host'],
    ['redis://user:p@ss@host/0', 'redis://***@host/0'],
    ["redis://user:it's@host", 'redis://***@host'],
    ['redis://user:back\\slash@host', 'redis://***@host'],
    ['redis://user:p%40ss@[::1]:6379', 'redis://***@[::1]:6379'],
    ['postgres://me:secret@db/x and HTTPS://a:b@c', 'postgres://***@db/x and HTTPS://***@c'],
    ['redis+sentinel://a:b@h1,h2/m/0', 'redis+sentinel://***@h1,h2/m/0'],
    [
      'of h/m?sentinelUsername=me&sentinelPassword=s%26c, said',
      'of h/m?sentinelUsername=***&sentinelPassword=*** said',
    ],
    ['{"url":"h?sentinelPassword=s"}', '{"url":"h?sentinelPassword=***"}'],
    ['"{\\"url\\":\\"h?sentinelPassword=s\\"}"', '"{\\"url\\":\\"h?sentinelPassword=***\\"}"'],
    ['redis://a:b@h1:1,redis://c:d@h2:2', 'redis://***@h1:1,redis://***@h2:2'],
    ['_redis://user:secret@host', '_redis://***@host'],
    ["'redis://a:b@h1' 'redis://c:d@h2'", "'redis://***@h1' 'redis://***@h2'"],
    ['{"url":"redis://a:b@h","to":"me@example.com"}', '{"url":"redis://***@h","to":"me@example.com"}'],
    ['"{\\"url\\":\\"redis://a:b@h\\"}"', '"{\\"url\\":\\"redis://***@h\\"}"'],
  ])('makes of %s', (text, redacted) => {
    expect(redactUrls(text)).toBe(redacted);
  });

  it.each([
    'mail me@example.com',
    'see https://example.com/@someone/post and mail me@example.com',
    'redis://host:6379/0 is away, tell ops@example.com',
    '{"url":"redis://host","to":"me@example.com"}',
    '"{\\"url\\":\\"redis://host\\",\\"to\\":\\"me@example.com\\"}"',
    'user:secret@host',
    'no address at all',
    '',
  ])('leaves %j as it is', (text) => {
    expect(redactUrls(text)).toBe(text);
  });

  it('removes every password between the slashes and the host', () => {
    fc.assert(
      fc.property(rawPassword, fc.string(), fc.string(), (password, before, after) => {
        const text = redactUrls(`${before} redis://user:hunter2${password}@host:6379/0 ${after}`);
        expect(text).toContain('redis://***@host:6379/0');
        expect(text).not.toContain('hunter2');
      }),
    );
  });

  it('keeps JSON valid, and keeps everything in it that is not a credential', () => {
    const anyLine = fc.record({ msg: fc.string({ unit: 'binary' }), nested: fc.json() });
    fc.assert(
      fc.property(anyLine, rawPassword, (line, password) => {
        const text = JSON.stringify({ ...line, url: `redis://u:${password}@host`, end: 'here' });
        expect(JSON.parse(redactUrls(text))).toMatchObject({ url: 'redis://***@host', end: 'here' });
      }),
    );
  });

  it('handles a megabyte of any text in less than a second', () => {
    const hostile = [`${'a.'.repeat(500_000)} x://`, '://'.repeat(333_333), `x://${'a'.repeat(1_000_000)}`];
    for (const text of hostile) {
      const startedAt = performance.now();
      expect(redactUrls(text)).toBe(text);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});

describe('the faults of an address', () => {
  it.each(['localhost', 'redis+sentinel://a b', 'redis+cluster://a/b?c'])(
    'show an example that is not hidden: %s',
    (url) => {
      const fault = redisAddressFault(url);
      expect(fault).toMatch(/^expected a URL such as .*<user>:<password>@ before the host/);
      expect(redactUrls(fault ?? '')).toBe(fault);
    },
  );
});
