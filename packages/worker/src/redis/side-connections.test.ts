import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outage } from './outage.js';
import { SideConnections } from './side-connections.js';

const WAITS = "waits for jobs of queue 'mail'";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** A connection beside a main one that the test can take away. */
function watching(status = 'ready') {
  const redis = Object.assign(new EventEmitter(), { status });
  const main = { isConnected: true };
  const lines: string[] = [];
  const at = (level: string) => (fields: { connection?: string; reason?: string }, message: string) =>
    void lines.push(
      `${level}: ${fields.connection}: ${message}${fields.reason === undefined ? '' : `: ${fields.reason}`}`,
    );
  const onBegin = vi.fn();
  const log = { warn: at('warn'), info: at('info') } as unknown as Logger;
  const connections = new SideConnections(main as Outage, { address: 'redis://host', log, onBegin });
  const connection = connections.watch(redis, WAITS);
  return { redis, main, lines, onBegin, connections, connection };
}

const LOST = `warn: ${WAITS}: redis connection was lost; retrying`;
const BACK = `info: ${WAITS}: redis is available`;

describe('a connection beside the main one', () => {
  it('is missing when it has been away for a second, and is told once', () => {
    const { redis, lines, onBegin, connections } = watching();
    redis.emit('close');
    vi.advanceTimersByTime(999);
    expect([connections.missing, lines]).toEqual([[], []]);
    vi.advanceTimersByTime(1);
    redis.emit('close');
    vi.advanceTimersByTime(10_000);
    expect([connections.missing, lines]).toEqual([[WAITS], [LOST]]);
    redis.emit('ready');
    expect([connections.missing, lines, onBegin.mock.calls.length]).toEqual([[], [LOST, BACK], 1]);
  });

  it('is not told when it is back within a second', () => {
    const { redis, lines } = watching();
    redis.emit('close');
    redis.emit('ready');
    vi.advanceTimersByTime(10_000);
    expect(lines).toEqual([]);
  });

  it('is told with its reason when it never came, and the reason that Redis gave goes before a broken pipe', () => {
    const { redis, lines } = watching('connecting');
    redis.emit('error', new Error('ERR max number of clients reached'));
    redis.emit('error', new Error('write EPIPE'));
    vi.advanceTimersByTime(1_000);
    expect(lines).toEqual([
      expect.stringMatching(/: redis refuses the connection; retrying: ERR max number of clients reached \(raise its/),
    ]);
  });

  it('says nothing while Redis is away from the main one, and is told when only that one comes back', () => {
    const { redis, main, lines } = watching();
    main.isConnected = false;
    redis.emit('close');
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual([]);
    main.isConnected = true;
    vi.advanceTimersByTime(1_000);
    expect(lines).toEqual([LOST]);
  });

  it('is missing while its commands are refused, and not when they fail for another reason', () => {
    const { connection, connections, lines } = watching();
    connection.failed(new Error('WRONGTYPE Operation'));
    vi.advanceTimersByTime(10_000);
    expect(connections.missing).toEqual([]);
    for (let at = 0; at < 4; at += 1) {
      connection.failed(new Error("NOPERM this user has no permissions to run the 'bzpopmin' command"));
      vi.advanceTimersByTime(500);
    }
    expect(connections.missing).toEqual([WAITS]);
    connection.accepted();
    expect([connections.missing, lines]).toEqual([
      [],
      [expect.stringMatching(/: redis refuses our commands; retrying: NOPERM .*bzpopmin/), BACK],
    ]);
  });

  it('is forgotten when it is closed', () => {
    const { redis, connection, connections, lines } = watching();
    redis.emit('close');
    connection.close();
    vi.advanceTimersByTime(10_000);
    redis.emit('close');
    expect([connections.missing, lines, redis.eventNames(), vi.getTimerCount()]).toEqual([[], [], [], 0]);
  });
});
