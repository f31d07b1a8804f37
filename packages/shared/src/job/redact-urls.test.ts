import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactMessage, redactUrls } from './redact-urls.js';

/** A password of characters that a URL can hold unescaped, unusual ones among them. */
const rawPassword = fc
  .array(fc.constantFrom(..."abcXYZ019-._~!$&'()*+,;=:@^|`<>{}[]"), { minLength: 6, maxLength: 30 })
  .map((characters) => characters.join(''));

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
    ['redis://default:42#secret@host', 'redis://***@host'],
    ['redis://u:p?a/s/s@host:6379 is away', 'redis://***@host:6379 is away'],
    ['rediss+sentinel://u:p/w@h1,h2/m', 'rediss+sentinel://***@h1,h2/m'],
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
    const hostile = [
      `redis://${'a/'.repeat(500_000)}`,
      'redis://'.repeat(125_000),
      `${'a.'.repeat(500_000)} x://`,
      '://'.repeat(333_333),
      `x://${'a'.repeat(1_000_000)}`,
    ];
    for (const text of hostile) {
      const startedAt = performance.now();
      expect(redactUrls(text)).toBe(text);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});

describe('redactMessage', () => {
  it.each([
    ["unknown command 'bob:secret@host:6379'", "unknown command '***@host:6379'"],
    ["unknown command 'redis://bob:se/c ret\"@host'", "unknown command 'redis://***@host'"],
    ['there is no file /app/redis:/bob:secret@host', 'there is no file /app/redis:/***@host'],
    ['there is no file /app/bob:secret@host', 'there is no file /app/***@host'],
  ])('makes of %j', (message, shown) => {
    expect(redactMessage(message)).toBe(shown);
  });

  it.each([
    "/app/jobs.js:3:18: imports the package '@bullpen/shared', which is not installed",
    'file:///app/node_modules/.pnpm/zod@4.0.0/node_modules/zod/index.js:1:1',
    'Redis at redis://host:6379 refused us: NOAUTH (set REDIS_URL to an address with <user>:<password>@ before the host)',
    "email: expected an address, got 'me@example.com'",
    "Redis at redis://h:1 refused us: NOPERM (allow the user the command; '+@all -@dangerous +info' is enough)",
  ])('leaves %j as it is', (message) => {
    expect(redactMessage(message)).toBe(message);
  });
});
