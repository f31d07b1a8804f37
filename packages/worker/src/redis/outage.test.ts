import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Outage } from './outage.js';

/** A connection whose health is watched, and what is logged of it. */
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
const BACK = 'info: redis is available';

describe('an outage without connection', () => {
  it('is told once when it begins and once when it is over, however often the client fails in between', () => {
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

  it('is told with its reason when Redis was never there, and where that is', () => {
    const { connection, lines, fields } = watched();
    connection.emit('error', new AggregateError([refused()], ''));
    connection.emit('close');
    connection.emit('ready');
    expect(lines).toEqual([AWAY, BACK]);
    expect(fields).toEqual([
      { redis: 'redis://host', reason: 'connect ECONNREFUSED 127.0.0.1:6379' },
      { redis: 'redis://host' },
    ]);
  });

  it('is none when the connection is closed on purpose', () => {
    const { outage, connection, lines } = watched();
    connection.status = 'end';
    connection.emit('close');
    expect([outage.present, lines]).toEqual([false, []]);
  });

  it('is told by the client’s events, not by the commands it fails', () => {
    const { outage, lines } = watched();
    for (const error of [refused(), new Error('Connection is closed.')]) {
      expect(outage.noteIfOutage(Object.assign(error, { code: 'ECONNREFUSED' }))).toBe(true);
    }
    expect([outage.present, lines]).toEqual([false, []]);
  });

  it('is not over because a command that was on its way was carried out', () => {
    const { outage, connection, lines } = watched();
    connection.emit('close');
    outage.accepted();
    expect([outage.present, lines]).toEqual([true, [LOST]]);
  });

  it('may come again', () => {
    const { connection, lines } = watched();
    for (const event of ['close', 'ready', 'close', 'ready']) connection.emit(event);
    expect(lines).toEqual([LOST, BACK, LOST, BACK]);
  });
});

describe('an outage of a Redis that answers', () => {
  it('is told once when it begins and once when a command is carried out', () => {
    const { outage, lines, fields } = watched();
    for (let at = 0; at < 50; at += 1) expect(outage.noteIfOutage(readonly())).toBe(true);
    expect([outage.present, lines]).toEqual([true, [REFUSES]]);
    expect(fields[0]).toEqual({ redis: 'redis://host', reason: readonly().message });
    outage.accepted();
    outage.accepted();
    expect([outage.present, lines]).toEqual([false, [REFUSES, BACK]]);
  });

  it('of one that is full is not over when it takes what needs no room', () => {
    const { outage, lines } = watched();
    outage.noteIfOutage(new Error("OOM command not allowed when used memory > 'maxmemory'."));
    outage.acceptedSmall();
    expect(lines).toEqual([REFUSES]);
    outage.accepted();
    expect(lines).toEqual([REFUSES, BACK]);
    lines.length = 0;
    outage.noteIfOutage(readonly());
    outage.acceptedSmall();
    expect(lines).toEqual([REFUSES, BACK]);
  });

  it('of one that was full ends when it has not said so for longer than a worker goes without a fetch', () => {
    const { outage, lines } = watched();
    const { now } = performance;
    let later = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + later);
    onTestFinished(() => clock.mockRestore());
    const full = new Error("OOM command not allowed when used memory > 'maxmemory'.");
    outage.noteIfOutage(full);
    later = 4_000;
    outage.noteIfOutage(full);
    later = 8_000;
    outage.acceptedSmall();
    expect(lines).toEqual([REFUSES]);
    later = 9_500;
    outage.acceptedSmall();
    expect(lines).toEqual([REFUSES, BACK]);
  });

  it.each(['READONLY', 'LOADING', 'OOM', 'MASTERDOWN', 'MISCONF', 'NOREPLICAS', 'WRONGPASS', 'NOAUTH', 'NOPERM'])(
    'is one of %s',
    (word) => {
      const { outage } = watched();
      expect([outage.noteIfOutage(new Error(`${word} for a reason`)), outage.present]).toEqual([true, true]);
    },
  );

  it.each([new Error('WRONGTYPE Operation'), new TypeError('x'), undefined, null, { code: -2 }])(
    'is none of %s',
    (e) => {
      const { outage, lines } = watched();
      expect([outage.noteIfOutage(e), outage.present, lines]).toEqual([false, false, []]);
    },
  );

  it('goes on while the client looks for another Redis: one that is there again may refuse as well', () => {
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

  it('is not told beside the lost connection that it came with', () => {
    const { outage, connection, lines } = watched();
    connection.emit('close');
    expect(outage.noteIfOutage(readonly())).toBe(true);
    expect([outage.present, lines]).toEqual([true, [LOST]]);
  });
});

describe('the time since an outage', () => {
  it('is for ever before the first, nothing during one, and counts from its end', () => {
    const { outage, connection } = watched();
    expect(outage.overForMs).toBe(Number.POSITIVE_INFINITY);
    connection.emit('close');
    expect(outage.overForMs).toBe(0);
    connection.emit('ready');
    expect(outage.overForMs).toBeGreaterThanOrEqual(0);
    expect(outage.overForMs).toBeLessThan(60_000);
  });
});
