import { describe, expect, it } from 'vitest';
import type { Inserted } from './insert.js';
import { untilRoom } from './until-room.js';

const ok: Inserted = { kind: 'ok', answers: ['added'], counts: undefined };

/** An insert that finds the queue full so many times; counts how often it was asked. */
function fullFor(times: number) {
  const asked = { count: 0 };
  const insert = async (): Promise<Inserted> => {
    asked.count += 1;
    return asked.count <= times ? { kind: 'full' } : ok;
  };
  return { insert, asked };
}

describe('untilRoom', () => {
  it('asks once when there is room', async () => {
    const { insert, asked } = fullFor(0);
    expect(await untilRoom(insert, undefined)).toBe(ok);
    expect(asked.count).toBe(1);
  });

  it('asks again for as long as the queue is full', async () => {
    const { insert, asked } = fullFor(3);
    expect(await untilRoom(insert, new AbortController().signal)).toBe(ok);
    expect(asked.count).toBe(4);
  });

  it('tells how many jobs wait, each time it is going to look again', async () => {
    const told: number[] = [];
    let waiting = 9;
    const insert = async (): Promise<Inserted> => {
      waiting -= 1;
      return waiting >= 7 ? { kind: 'full', waiting } : ok;
    };
    await untilRoom(insert, undefined, (jobs) => told.push(jobs));
    expect(told).toEqual([8, 7]);
  });

  it('gives up at a signal', async () => {
    const { insert, asked } = fullFor(Number.POSITIVE_INFINITY);
    expect(await untilRoom(insert, AbortSignal.abort())).toEqual({ kind: 'full' });
    expect(asked.count).toBe(1);
  });

  it.each([
    ['gives up', Number.POSITIVE_INFINITY, { kind: 'full' }],
    ['takes the room it finds', 2, ok],
  ])('ends its pause at a signal, looks once more and %s', async (_, times, answer) => {
    const stop = new AbortController();
    const { insert, asked } = fullFor(times);
    const waiting = untilRoom(async () => {
      const answered = await insert();
      if (asked.count === 2) setImmediate(() => stop.abort());
      return answered;
    }, stop.signal);
    expect(await waiting).toEqual(answer);
    expect(asked.count).toBe(3);
  });

  it.each(['mixed', 'gone', 'cancelled', 'changed'] as const)('hands on what is no lack of room: %s', async (kind) => {
    expect(await untilRoom(async () => ({ kind }), undefined)).toEqual({ kind });
  });

  it('passes on what the insert fails with', async () => {
    await expect(untilRoom(() => Promise.reject(new Error('away')), undefined)).rejects.toThrow('away');
  });
});
