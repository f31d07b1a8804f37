import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Outage } from './outage.js';

/** A connection that is watched, and what is logged about it. */
function watched() {
  const connection = Object.assign(new EventEmitter(), { status: 'ready' });
  const lines: string[] = [];
  const fields: object[] = [];
  const at = (level: string) => (said: object, message: string) => {
    lines.push(`${level}: ${message}`);
    fields.push(said);
  };
  const log = { warn: at('warn'), info: at('info') };
  let began = 0;
  const count = (): void => {
    began += 1;
  };
  const outage = new Outage(connection as unknown as Redis, 'redis://host', log as unknown as Logger, count);
  return { outage, connection, lines, fields, timesBegun: () => began };
}

const refused = () => new Error('connect ECONNREFUSED 127.0.0.1:6379');
const readonly = () => new Error("READONLY You can't write against a read only replica.");
const REFUSES = 'warn: redis refuses our commands; retrying';
const LOST = 'warn: redis connection was lost; retrying';
const AWAY = 'warn: redis is unavailable; retrying';
const CONNECTION_REFUSED = 'warn: redis refuses the connection; retrying';
const BACK = 'info: redis is available';

describe('an outage without connection', () => {
  it('is logged once when it begins and once when it is over, however often the client fails in between', () => {
    const { outage, connection, lines, timesBegun } = watched();
    connection.emit('ready');
    expect([outage.present, lines]).toEqual([false, []]);
    connection.emit('close');
    for (let at = 0; at < 50; at += 1) connection.emit(at % 2 === 0 ? 'error' : 'close', refused());
    expect([outage.present, lines, timesBegun()]).toEqual([true, [LOST], 1]);
    connection.emit('ready');
    expect([outage.present, lines]).toEqual([false, [LOST, BACK]]);
    connection.emit('ready');
    expect(lines).toHaveLength(2);
  });

  it('is logged with its reason and Redis’ address when Redis was never there', () => {
    const { connection, lines, fields } = watched();
    connection.emit('error', new AggregateError([refused()], ''));
    connection.emit('close');
    connection.emit('ready');
    expect(lines).toEqual([AWAY, BACK]);
    expect(fields).toEqual([
      { redis: 'redis://host', reason: expect.stringMatching(/^connect ECONNREFUSED 127\.0\.0\.1:6379 \(/) },
      { redis: 'redis://host', durationMs: expect.any(Number) },
    ]);
  });

  it('is explained once when Redis refuses the next connections', () => {
    const { outage, connection, lines, timesBegun } = watched();
    connection.emit('close');
    for (let at = 0; at < 3; at += 1) {
      connection.emit('error', refused());
      connection.emit('error', new Error('ERR max number of clients reached'));
      connection.emit('error', new Error('WRONGPASS invalid username-password pair'));
    }
    expect([outage.isConnected, lines, timesBegun()]).toEqual([false, [LOST, CONNECTION_REFUSED], 1]);
    connection.emit('ready');
    expect([outage.isConnected, lines]).toEqual([true, [LOST, CONNECTION_REFUSED, BACK]]);
  });

  it('does not begin when the connection is closed on purpose', () => {
    const { outage, connection, lines } = watched();
    connection.status = 'end';
    connection.emit('close');
    expect([outage.present, lines]).toEqual([false, []]);
  });

  it('begins with the client’s events, not with the commands that fail', () => {
    const { outage, lines } = watched();
    for (const error of [refused(), new Error('Connection is closed.')]) {
      expect(outage.noteIfOutage(Object.assign(error, { code: 'ECONNREFUSED' }))).toBe(true);
    }
    expect([outage.present, lines]).toEqual([false, []]);
  });

  it('is not over when a command that was on its way succeeds', () => {
    const { outage, connection, lines } = watched();
    connection.emit('close');
    outage.accepted();
    expect([outage.present, lines]).toEqual([true, [LOST]]);
  });

  it('can begin again', () => {
    const { connection, lines } = watched();
    for (const event of ['close', 'ready', 'close', 'ready']) connection.emit(event);
    expect(lines).toEqual([LOST, BACK, LOST, BACK]);
  });
});

describe('an outage of a Redis that answers', () => {
  it('is logged once when it begins and once when a command succeeds', () => {
    const { outage, lines, fields } = watched();
    for (let at = 0; at < 50; at += 1) expect(outage.noteIfOutage(readonly())).toBe(true);
    expect([outage.present, lines]).toEqual([true, [REFUSES]]);
    expect(fields[0]).toEqual({
      redis: 'redis://host',
      reason: expect.stringMatching(`^${readonly().message.replace(/\.$/, '')} \\(it is a replica`),
    });
    outage.accepted();
    outage.accepted();
    expect([outage.present, lines]).toEqual([false, [REFUSES, BACK]]);
  });

  it.each(['READONLY', 'LOADING', 'OOM', 'MASTERDOWN', 'MISCONF', 'NOREPLICAS', 'WRONGPASS', 'NOAUTH', 'NOPERM'])(
    'begins when Redis answers %s',
    (word) => {
      const { outage } = watched();
      expect([outage.noteIfOutage(new Error(`${word} for a reason`)), outage.present]).toEqual([true, true]);
    },
  );

  it('does not begin again with an error that was noted before it ended', () => {
    const { outage, lines } = watched();
    const error = readonly();
    outage.noteIfOutage(error);
    outage.accepted();
    expect([outage.noteIfOutage(error), outage.present, lines]).toEqual([true, false, [REFUSES, BACK]]);
    outage.noteIfOutage(readonly());
    expect(outage.present).toBe(true);
  });

  it.each([new Error('WRONGTYPE Operation'), new TypeError('x'), undefined, null, { code: -2 }])(
    'does not begin with %s',
    (e) => {
      const { outage, lines } = watched();
      expect([outage.noteIfOutage(e), outage.present, lines]).toEqual([false, false, []]);
    },
  );

  it('goes on while the client reconnects: the next Redis may refuse, too', () => {
    const { outage, connection, lines } = watched();
    outage.noteIfOutage(readonly());
    connection.emit('close');
    connection.emit('error', refused());
    connection.emit('ready');
    expect(outage.noteIfOutage(readonly())).toBe(true);
    expect([outage.present, lines]).toEqual([true, [REFUSES]]);
    outage.accepted();
    expect([outage.present, lines]).toEqual([false, [REFUSES, BACK]]);
  });

  it('is not logged in addition to the lost connection that it came with', () => {
    const { outage, connection, lines } = watched();
    connection.emit('close');
    expect(outage.noteIfOutage(readonly())).toBe(true);
    expect([outage.present, lines]).toEqual([true, [LOST]]);
  });
});

describe('a permission that is taken away', () => {
  const noperm = () => new Error("ERR The user executing the script can't run this command or subcommand");

  it('is named, and one outage until Redis denies nothing, whatever else succeeds', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { outage, lines, fields, timesBegun } = watched();
    let denied: string | undefined = 'NOPERM: the user may not run zadd';
    outage.watchPermissions(async () => denied);
    for (let at = 0; at < 5; at += 1) {
      expect(outage.noteIfOutage(noperm())).toBe(true);
      outage.accepted();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect([outage.present, outage.lacksPermission, outage.endedAgoMs]).toEqual([true, true, 0]);
    expect([lines, timesBegun()]).toEqual([[REFUSES], 1]);
    expect(fields[0]).toMatchObject({ reason: denied });
    denied = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    expect([outage.present, outage.lacksPermission, lines]).toEqual([false, false, [REFUSES, BACK]]);
  });

  it('is an outage as well while Redis does not say what it denies', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { outage, connection, lines } = watched();
    outage.watchPermissions(async () => {
      throw noperm();
    });
    outage.noteIfOutage(noperm());
    await vi.advanceTimersByTimeAsync(5_000);
    expect([outage.lacksPermission, lines]).toEqual([true, [REFUSES]]);
    // A drain closes the connection: this is not the end of the outage.
    connection.status = 'end';
    await vi.advanceTimersByTimeAsync(5_000);
    expect(lines).toEqual([REFUSES]);
  });
});

describe('the time since an outage', () => {
  it('is infinite before the first, 0 during one, and counts from its end', () => {
    const { outage, connection } = watched();
    expect(outage.endedAgoMs).toBe(Number.POSITIVE_INFINITY);
    connection.emit('close');
    expect(outage.endedAgoMs).toBe(0);
    connection.emit('ready');
    expect(outage.endedAgoMs).toBeGreaterThanOrEqual(0);
    expect(outage.endedAgoMs).toBeLessThan(60_000);
  });
});
