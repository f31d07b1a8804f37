import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRedisAddress, redisAddressFault, withoutCredentials } from './redis-address.js';
import { readSentinelUrl, sentinelUrlFault } from './sentinel-url.js';

describe('sentinelUrlFault', () => {
  it.each([
    'redis+sentinel://h/m',
    'redis+sentinel://h1:26379,h2:26380,h3/my-master.1/3',
    'rediss+sentinel://user:p%40ss@[::1]:26379,[2001:db8::2]/m/',
    'redis+sentinel://:p@ss@h/m?sentinelPassword=s%26c',
    'redis+sentinel://h/m/0?sentinelUsername=me&sentinelPassword=secret',
  ])('finds nothing wrong with %s', (url) => {
    expect(sentinelUrlFault(url)).toBeUndefined();
  });

  it.each([
    ['redis+sentinel:h/m', /expected a URL such as redis\+sentinel:\/\//],
    ['redis+sentinel://h /m', /expected a URL such as/],
    ['redis+sentinel://h/m#x', /expected a URL such as/],
    ['redis+sentinel:///m', /sentinel 1 of 1 is not a host/],
    ['redis+sentinel://h1,,h3/m', /sentinel 2 of 3 is not a host/],
    ['redis+sentinel://h1:26379,h2:port/m', /sentinel 2 of 2 is not a host/],
    ['redis+sentinel://h1:99999/m', /sentinel 1 of 1 is not a host/],
    ['redis+sentinel://h1:26379', /expected the name of the primary/],
    ['redis+sentinel://h1:26379/', /expected the name of the primary/],
    ['redis+sentinel://h/m y', /expected a URL such as/],
    ['redis+sentinel://h/m%20y', /name of the primary may hold/],
    ['redis+sentinel://h/m/zero', /nothing but a database number/],
    ['redis+sentinel://h/m/0/1', /nothing but a database number/],
    ['redis+sentinel://h/m?password=x', /nothing but sentinelUsername=… and sentinelPassword=…/],
    ['redis+sentinel://h/m?sentinelPassword=a+b', /%XX for all but/],
    ['redis+sentinel://h/m?sentinelPassword=%ff', /not part of an escape/],
    ['redis+sentinel://u:100%@h/m', /'%' that is not part of an escape/],
  ])('says what is wrong with %j', (url, message) => {
    expect(sentinelUrlFault(url)).toMatch(message);
  });

  it('never repeats a password, wherever it stands in a wrong URL', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        const secret = `hunter2${tail}`;
        for (const url of [
          `redis+sentinel://u:${secret}@h/m/zero`,
          `redis+sentinel://u:12/${secret}@h/m`,
          `redis+sentinel://h,${secret}:x/m`,
          `redis+sentinel://h/m?sentinelPassword=${secret}`,
          `redis+sentinel://h/${secret}/m`,
        ]) {
          expect(sentinelUrlFault(url) ?? '').not.toContain('hunter2');
        }
      }),
    );
  });
});

describe('readSentinelUrl', () => {
  it('reads every part', () => {
    const url = 'rediss+sentinel://me:s%40c@h1:1,[::1],h3:6379/jobs/2?sentinelUsername=you&sentinelPassword=a%26b';
    expect(readSentinelUrl(url)).toEqual({
      sentinels: [
        { host: 'h1', port: 1 },
        { host: '::1', port: 26_379 },
        { host: 'h3', port: 6_379 },
      ],
      ...{ master: 'jobs', db: 2, tls: true, username: 'me', password: 's@c' },
      ...{ sentinelUsername: 'you', sentinelPassword: 'a&b' },
    });
  });

  it('fills in everything that is absent', () => {
    expect(readRedisAddress('redis+sentinel://h/jobs')).toEqual({
      by: 'sentinel',
      sentinel: {
        sentinels: [{ host: 'h', port: 26_379 }],
        ...{ master: 'jobs', db: 0, tls: false, username: undefined, password: undefined },
        ...{ sentinelUsername: undefined, sentinelPassword: undefined },
      },
    });
  });

  it('decodes passwords, whatever they were before they were encoded', () => {
    const anyWellFormed = fc.string({ unit: 'grapheme', minLength: 1 });
    // `encodeURIComponent` leaves these characters as they are; our URLs want them encoded.
    const encode = (text: string) =>
      encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
    fc.assert(
      fc.property(anyWellFormed, anyWellFormed, (password, sentinelPassword) => {
        const url = `redis+sentinel://:${encode(password)}@h/m?sentinelPassword=${encode(sentinelPassword)}`;
        expect(redisAddressFault(url)).toBeUndefined();
        expect(readSentinelUrl(url)).toMatchObject({ password, sentinelPassword });
      }),
    );
  });

  it('reads every URL in which redisAddressFault finds nothing wrong', () => {
    const piece = fc.constantFrom('h', ',', ':', '@', '/', '?', '%', '1', '[::1]', 'sentinelPassword=', '&', 'x');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const url = `redis+sentinel://${pieces.join('')}`;
        if (redisAddressFault(url) === undefined)
          expect(readSentinelUrl(url).sentinels.every(({ host }) => host !== '')).toBe(true);
      }),
    );
  });
});

it('withoutCredentials removes users and passwords', () => {
  expect(withoutCredentials('rediss+sentinel://u:p@ss@h1:1,h2/jobs/2?sentinelPassword=s')).toBe(
    'rediss+sentinel://h1:1,h2/jobs/2',
  );
  expect(withoutCredentials('redis+sentinel://h1/jobs')).toBe('redis+sentinel://h1/jobs');
});
