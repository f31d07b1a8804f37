import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigInvalid } from '../job/errors/call-errors.js';
import { openRedis, type RedisRole, showRedis } from './redis.js';

describe('openRedis', () => {
  it.each(['http://host', 'redis://user:100%@host', 'redis://host/zero', ''])('opens nothing for %j', (url) => {
    expect(() => openRedis(url, 'producer', 'test')).toThrow(ConfigInvalid);
    expect(() => openRedis({ url, tls: {} }, 'worker', 'test')).toThrow(/^invalid Redis address: redis: /);
  });
});

describe('an address', () => {
  const opening = (address: unknown) => () => openRedis(address as string, 'producer', 'test');

  it('is refused when it is missing, or in the form of other libraries', () => {
    const wanted = 'invalid Redis address: redis: expected a URL such as redis://host:6379/0, got ';
    expect(opening(undefined)).toThrow(`${wanted}undefined`);
    expect(opening(6379)).toThrow(`${wanted}number`);
    expect(opening({ host: 'h', port: 6379, password: 'hunter2' })).toThrow(`${wanted}an object without url`);
    expect(opening({ host: 'h', password: 'hunter2' })).not.toThrow(/hunter2/);
  });

  it('is refused with an option that it does not have', () => {
    for (const tls of [true, null, 'on'])
      expect(opening({ url: 'redis://h', tls })).toThrow('redis.tls: expected options of tls.connect, or {} for none');
    expect(opening({ url: 'redis://h', tlss: {} })).toThrow("redis.tlss: is no option of redis. Did you mean 'tls'?");
    expect(opening({ url: 'redis://h', password: 'hunter2' })).toThrow(/^invalid .* redis\.password: is no option/);
  });
});

describe('a connection through sentinels', () => {
  const url = 'redis+sentinel://me:secret@h1:1,h2/jobs/2?sentinelPassword=theirs';

  /** BullMQ duplicates a connection for its blocking reads. */
  function optionsOfDuplicate(address: Parameters<typeof openRedis>[0]) {
    const redis = openRedis(address, 'worker', 'test');
    const second = redis.duplicate({ connectionName: 'second' });
    second.on('error', () => undefined);
    for (const each of [redis, second]) each.disconnect();
    return second.options;
  }

  it('and its duplicate ask for the primary, with the user of the address', () => {
    expect(optionsOfDuplicate(url)).toMatchObject({
      sentinels: [
        { host: 'h1', port: 1 },
        { host: 'h2', port: 26_379 },
      ],
      ...{ name: 'jobs', role: 'master', db: 2, username: 'me', password: 'secret', sentinelPassword: 'theirs' },
      ...{ enableTLSForSentinelMode: false, maxRetriesPerRequest: null, connectionName: 'second' },
    });
  });

  it('and its duplicate have TLS to both Redis and the sentinels, or to neither', () => {
    const ca = 'of our own';
    for (const options of [
      optionsOfDuplicate({ url: url.replace('redis+', 'rediss+'), tls: { ca } }),
      optionsOfDuplicate({ url, tls: { ca } }),
    ]) {
      expect(options).toMatchObject({ tls: { ca }, sentinelTLS: { ca }, enableTLSForSentinelMode: true });
    }
  });

  it('and its duplicate ask again without end when no sentinel answers, with waits that grow to a limit', () => {
    const { sentinelRetryStrategy } = optionsOfDuplicate(url);
    expect([1, 3, 100_000].map((times) => sentinelRetryStrategy?.(times))).toEqual([50, 200, 2_000]);
  });
});

describe('a connection', () => {
  const roles = ['producer', 'worker'] as const;

  /** The options of a connection in this role. It is closed before it opens a socket. */
  function optionsOf(role: RedisRole) {
    const redis = openRedis('redis://127.0.0.1:1', role, 'test');
    redis.disconnect();
    return redis.options;
  }

  it.each(roles)('of a %s counts as dead when a command stays unanswered for 5 s', (role) => {
    expect(optionsOf(role).socketTimeout).toBe(5_000);
  });

  it('rejects what an outage leaves unanswered for a producer, and keeps it for a worker', () => {
    expect(optionsOf('producer')).toMatchObject({
      ...{ maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    });
    expect(optionsOf('worker')).toMatchObject({
      ...{ maxRetriesPerRequest: null, enableOfflineQueue: true, autoResendUnfulfilledCommands: true },
    });
  });

  it.each([
    ['producer', [50, 100, 200, 400, 500, 500, 500]],
    ['worker', [50, 100, 200, 400, 800, 1_600, 2_000]],
  ] as const)('of a %s retries without end, with waits that grow to a limit', (role, waits) => {
    const { retryStrategy } = optionsOf(role);
    expect(waits.map((_, at) => retryStrategy?.(at + 1))).toEqual(waits);
    expect(retryStrategy?.(100_000)).toBe(waits.at(-1));
  });

  it.each(roles)('of a %s connects again when Redis became a replica, at most once a second', (role) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { reconnectOnError } = optionsOf(role);
    const readonly = new Error("READONLY You can't write against a read only replica.");
    expect([reconnectOnError?.(readonly), reconnectOnError?.(readonly)]).toEqual([true, false]);
    vi.advanceTimersByTime(999);
    expect(reconnectOnError?.(readonly)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(reconnectOnError?.(readonly)).toBe(true);
  });

  it('counts its reconnects by itself', () => {
    const readonly = new Error('READONLY');
    expect([
      optionsOf('worker').reconnectOnError?.(readonly),
      optionsOf('worker').reconnectOnError?.(readonly),
    ]).toEqual([true, true]);
  });

  it('stays open after every other refusal', () => {
    const { reconnectOnError } = optionsOf('worker');
    for (const reply of ['OOM command not allowed', 'LOADING Redis is loading', 'ERR READONLY', 'NOAUTH']) {
      expect(reconnectOnError?.(new Error(reply))).toBe(false);
    }
  });
});

describe('a connection to a cluster', () => {
  const url = 'redis+cluster://127.0.0.1:1';

  it('is refused when the keys of the prefix would be scattered', () => {
    expect(() => openRedis(url, 'producer', 'test', 'bullpen')).toThrow(
      /^cannot use the Redis Cluster: prefix: .*\{bullpen\}/,
    );
    expect(() => openRedis(url, 'producer', 'test')).toThrow(ConfigInvalid);
  });

  it('looks for the keys again when they have moved; a connection to one server explains what a cluster is', () => {
    const heard = (address: string): [string, boolean | undefined] => {
      const redis = openRedis(address, 'worker', 'test', '{test}');
      redis.disconnect();
      const error = new Error('MOVED 5968 127.0.0.1:7000');
      const reconnects = redis.options.reconnectOnError?.(error);
      return [error.message, reconnects as boolean | undefined];
    };
    expect(heard(url)).toEqual(['TRYAGAIN MOVED 5968 127.0.0.1:7000', true]);
    expect(heard('redis://127.0.0.1:1')).toEqual([expect.stringMatching(/^MOVED .*redis\+cluster:/), false]);
  });
});

describe('showRedis', () => {
  it('shows any kind of address without user and password', () => {
    expect(showRedis('redis://user:secret@host:6379/0')).toBe('redis://host:6379/0');
    expect(showRedis('redis+sentinel://user:secret@h1,h2/jobs?sentinelPassword=s')).toBe('redis+sentinel://h1,h2/jobs');
    expect(showRedis({ url: "rediss://user:s'e@c@host", tls: { rejectUnauthorized: false } })).toBe('rediss://host');
  });
});
