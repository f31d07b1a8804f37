import { EventEmitter } from 'node:events';
import { RedisUnavailable } from '@bullpen/shared';
import { explainRedis, type Redis } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { callRedis } from './call-redis.js';
import { SharedConnection } from './shared-connection.js';

/** A connection that does nothing by itself. It has a status and events, and records its calls. */
class Connection extends EventEmitter {
  status: string;
  server: Redis['server'] = { version: undefined, evictionPolicy: undefined };
  readonly asked: string[] = [];
  stream = { writableEnded: false, destroyed: false };
  readonly shared = new SharedConnection(this as unknown as Redis);

  constructor(status = 'ready') {
    super();
    this.status = status;
  }

  becomeReady(): void {
    this.status = 'ready';
    this.emit('ready');
  }

  async connect(): Promise<void> {
    this.asked.push('connect');
  }

  disconnect(reconnect = false): void {
    this.asked.push(`disconnect(${reconnect})`);
    this.stream.writableEnded = true;
  }
}

/** Calls Redis over `connection`. `send` gets the number of the try, from 1. */
const callOver = <T>(connection: Connection, timeoutMs: number, send: (nth: number) => Promise<T>): Promise<T> => {
  let nth = 0;
  return callRedis(connection.shared, { timeoutMs, address: 'redis://host:6379' }, () => {
    nth += 1;
    return send(nth);
  });
};

/** The RedisUnavailable that a call throws. */
async function outageOf(call: Promise<unknown>): Promise<RedisUnavailable> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RedisUnavailable);
  return error as RedisUnavailable;
}

const never = <T>(): Promise<T> => new Promise(() => undefined);
const named = (name: string, message = 'lost'): Error => Object.assign(new Error(message), { name });
const coded = (code: string, message = 'lost'): Error => Object.assign(new Error(message), { code });
const LONG = 10_000;

describe('callRedis', () => {
  it('sends once over a ready connection, and returns the reply', async () => {
    const connection = new Connection();
    const tries: number[] = [];
    const reply = await callOver(connection, LONG, async (nth) => {
      tries.push(nth);
      return 'PONG';
    });
    expect([reply, tries, connection.asked]).toEqual(['PONG', [1], []]);
  });

  it('waits until the connection is ready, and does not send before', async () => {
    const connection = new Connection('connecting');
    let isSent = false;
    const call = callOver(connection, LONG, async () => {
      isSent = true;
      return 'PONG';
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isSent).toBe(false);
    connection.becomeReady();
    expect(await call).toBe('PONG');
  });

  it.each(['end', 'wait'])('connects when the status of the connection is %s', async (status) => {
    const connection = new Connection(status);
    const call = callOver(connection, LONG, async () => 'PONG');
    expect(connection.asked).toEqual(['connect']);
    connection.becomeReady();
    expect(await call).toBe('PONG');
  });

  it('gives up in time when the connection never becomes ready, and leaves nothing unanswered', async () => {
    const connection = new Connection('reconnecting');
    const startedAt = performance.now();
    const call = callOver(connection, 60, async () => 'PONG');
    connection.emit('error', new Error('connect ECONNREFUSED 127.0.0.1:6379'));
    const outage = await outageOf(call);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
    expect(outage.message).toMatch(
      /^Redis at redis:\/\/host:6379 was not available within 60ms: connect ECONNREFUSED 127\.0\.0\.1:6379 \(nothing/,
    );
    expect(outage.unanswered).toBe(false);
    expect(outage.cause).toMatchObject({ message: 'connect ECONNREFUSED 127.0.0.1:6379' });
  });

  it('says why it could not connect, for each address, and never shows a password', async () => {
    const refused = new AggregateError([coded('ECONNREFUSED', 'no ::1'), coded('ECONNREFUSED', 'no 127.0.0.1')], '');
    const connection = new Connection('reconnecting');
    const call = callOver(connection, 20, never);
    connection.emit('error', refused);
    expect((await outageOf(call)).message).toMatch(/: no ::1; no 127\.0\.0\.1$/);
    const leaky = new Connection('end');
    leaky.connect = () => Promise.reject(new Error('cannot reach redis://user:hunter2@host'));
    expect((await outageOf(callOver(leaky, 20, never))).message).toMatch(/cannot reach redis:\/\/\*\*\*@host$/);
  });

  it.each([
    named('MaxRetriesPerRequestError'),
    named('AbortError'),
    coded('ECONNRESET'),
    coded('EPIPE'),
    coded('ETIMEDOUT'),
    new Error('Connection is closed.'),
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
  ])('sends again after a reply was lost (%s), and returns one reply', async (lost) => {
    const tries: number[] = [];
    const reply = await callOver(new Connection(), LONG, async (nth) => {
      tries.push(nth);
      if (nth === 1) throw lost;
      return 'PONG';
    });
    expect([reply, tries]).toEqual(['PONG', [1, 2]]);
  });

  it('sets unanswered when a reply was lost and Redis did not come back', async () => {
    const connection = new Connection();
    const outage = await outageOf(
      callOver(connection, 60, async () => {
        connection.status = 'reconnecting';
        throw named('MaxRetriesPerRequestError', 'Reached the max retries');
      }),
    );
    expect(outage.unanswered).toBe(true);
    expect(outage.message).toMatch(/was not available within 60ms: Reached the max retries$/);
  });

  it('gives up in time when the reply never comes, and drops the connection', async () => {
    const connection = new Connection();
    const outage = await outageOf(callOver(connection, 40, never));
    expect(outage.unanswered).toBe(true);
    expect(outage.message).toBe('Redis at redis://host:6379 did not answer within 40ms');
    expect(connection.asked).toEqual(['disconnect(true)']);
  });

  it('drops a connection once, however many calls it leaves unanswered', async () => {
    const connection = new Connection();
    await Promise.all(Array.from({ length: 12 }, (_, at) => outageOf(callOver(connection, 20 + at, never))));
    expect(connection.asked).toEqual(['disconnect(true)']);
  });

  it('leaves the next connection alone when the time of a call over the one before is up', async () => {
    const connection = new Connection();
    const [early, late] = [callOver(connection, 20, never), callOver(connection, 60, never)];
    await outageOf(early);
    connection.stream = { writableEnded: false, destroyed: false };
    expect((await outageOf(late)).message).toBe('Redis at redis://host:6379 did not answer within 60ms');
    expect(connection.asked).toEqual(['disconnect(true)']);
  });

  it('waits with one listener for each event, and connects once, for however many calls', async () => {
    const connection = new Connection('end');
    connection.connect = async () => {
      connection.asked.push('connect');
      if (connection.status === 'connecting') throw new Error('Redis is already connecting/connected');
      connection.status = 'connecting';
    };
    const calls = Array.from({ length: 100 }, () => callOver(connection, LONG, async () => 'PONG'));
    for (const event of ['ready', 'error', 'end']) expect(connection.listenerCount(event)).toBe(1);
    connection.status = 'end';
    connection.emit('end');
    expect(connection.asked).toEqual(['connect', 'connect']);
    connection.becomeReady();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['PONG']));
    expect(connection.eventNames()).toEqual([]);
  });

  it('does not open a closed connection again', async () => {
    const connection = new Connection();
    const error = await outageOf(
      callOver(connection, 20, async () => {
        connection.shared.close();
        connection.status = 'end';
        throw named('MaxRetriesPerRequestError');
      }),
    );
    expect([error.unanswered, connection.asked]).toEqual([true, ['disconnect(false)']]);
  });

  it('leaves no rejection unhandled when the command fails after the call has given up', async () => {
    let fail: ((error: Error) => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    await outageOf(callOver(new Connection(), 20, () => late));
    fail?.(new Error('too late'));
    // An unhandled rejection would fail the run here.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('counts the time from its beginning, however often it sends', async () => {
    const startedAt = performance.now();
    const tries: number[] = [];
    const outage = await outageOf(
      callOver(new Connection(), 180, async (nth) => {
        tries.push(nth);
        throw new Error('LOADING Redis is loading the dataset in memory');
      }),
    );
    expect(tries.length).toBeLessThan(10);
    expect(performance.now() - startedAt).toBeGreaterThan(170);
    expect(outage.unanswered).toBe(false);
    expect(outage.message).toMatch(/LOADING Redis is loading/);
  });

  it.each([
    "READONLY You can't write against a read only replica.",
    'LOADING Redis is loading the dataset in memory',
    'OOM command not allowed when used memory > maxmemory',
    'BUSY Redis is busy running a script',
    'MASTERDOWN Link with MASTER is down',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'NOREPLICAS Not enough good replicas to write.',
  ])('sends again after "%s"', async (message) => {
    const reply = await callOver(new Connection(), LONG, async (nth) => {
      if (nth < 3) throw new Error(message);
      return `answer ${nth}`;
    });
    expect(reply).toBe('answer 3');
  });

  it.each([
    'WRONGPASS invalid username-password pair or user is disabled.',
    'NOAUTH Authentication required.',
    'NOPERM this user has no permissions',
  ])('gives up at once when the login is refused: "%s"', async (message) => {
    const connection = new Connection('connecting');
    const call = callOver(connection, LONG, never);
    connection.emit('error', new Error(message));
    const outage = await outageOf(call);
    expect(outage.message).toBe(`Redis at redis://host:6379 refused us: ${explainRedis(message, 'redis://host:6379')}`);
    expect(outage.unanswered).toBe(false);
  });

  it('sends nothing to a Redis that is too old', async () => {
    const connection = new Connection();
    connection.server = { version: '5.0.14', evictionPolicy: undefined };
    const outage = await outageOf(callOver(connection, LONG, never));
    expect(outage.message).toBe(
      'Redis at redis://host:6379 cannot be used: it is Redis 5.0.14, and Bullpen needs Redis 7.0 or newer, or Valkey',
    );
  });

  it.each([
    new Error('ERR value is not an integer'),
    new Error('WRONGTYPE Operation against a key'),
    new Error('BUSYGROUP Consumer Group name already exists'),
    new TypeError('undefined is not a function'),
  ])('passes on any other error unchanged: %s', async (error) => {
    const tries: number[] = [];
    const call = callOver(new Connection(), LONG, async (nth) => {
      tries.push(nth);
      throw error;
    });
    await expect(call).rejects.toBe(error);
    expect(tries).toEqual([1]);
  });

  it('removes all its listeners, however it ends', async () => {
    const [served, starved, refused] = ['reconnecting', 'reconnecting', 'connecting'].map((s) => new Connection(s));
    const calls = [
      callOver(served as Connection, LONG, async () => 'PONG'),
      callOver(starved as Connection, 20, never).catch(() => undefined),
      callOver(refused as Connection, LONG, never).catch(() => undefined),
    ];
    expect(served?.listenerCount('ready')).toBe(1);
    served?.becomeReady();
    refused?.emit('error', new Error('WRONGPASS'));
    await Promise.all(calls);
    for (const connection of [served, starved, refused]) expect(connection?.eventNames()).toEqual([]);
  });
});
