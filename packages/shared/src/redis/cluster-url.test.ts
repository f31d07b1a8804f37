import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterUrlFault, hashTagFault, readClusterUrl } from './cluster-url.js';
import { redisAddressFault, withoutCredentials } from './redis-address.js';

describe('clusterUrlFault', () => {
  it.each(['redis+cluster://h', 'redis+cluster://h1:7000,h2/', 'rediss+cluster://user:p@ss@[::1]:6379,h2/0'])(
    'finds nothing wrong with %s',
    (url) => {
      expect(clusterUrlFault(url)).toBeUndefined();
      expect(redisAddressFault(url)).toBeUndefined();
    },
  );

  it.each([
    ['redis+cluster:h', /expected a URL such as redis\+cluster:\/\//],
    ['redis+cluster://h?x=1', /expected nothing behind a '\?'/],
    ['redis+cluster://', /node 1 of 1 is not a host/],
    ['redis+cluster://h1:7000,h2:port', /node 2 of 2 is not a host/],
    ['redis+cluster://h/1', /has database 0 only/],
    ['redis+cluster://h/0/x', /has database 0 only/],
    ['redis+cluster://u:100%@h', /'%' that is not part of an escape/],
  ])('says what is wrong with %j', (url, message) => {
    expect(clusterUrlFault(url)).toMatch(message);
  });

  it('never repeats a password', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        for (const url of [`redis+cluster://u:hunter2${tail}@h/zero`, `redis+cluster://h,hunter2${tail}:x`])
          expect(clusterUrlFault(url) ?? '').not.toContain('hunter2');
      }),
    );
  });
});

it('reads every part, and shows no credentials', () => {
  const url = 'rediss+cluster://me:s%40c@h1:7000,[::1]';
  expect(readClusterUrl(url)).toEqual({
    nodes: [
      { host: 'h1', port: 7_000 },
      { host: '::1', port: 6_379 },
    ],
    ...{ username: 'me', password: 's@c', tls: true },
  });
  expect(withoutCredentials(url)).toBe('rediss+cluster://h1:7000,[::1]');
});

it.each([
  ['{bullpen}', true],
  ['shop.{jobs}-1', true],
  ['bullpen', false],
  ['{}bullpen', false],
  ['}{bullpen', false],
  ['{}{bullpen}', false],
])('a prefix %s keeps its keys together: %s', (prefix, together) => {
  expect(hashTagFault(prefix) === undefined).toBe(together);
});
