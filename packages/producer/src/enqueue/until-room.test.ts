import { describe, expect, it } from 'vitest';
import { untilRoom } from './until-room.js';

interface Reply {
  readonly kind: 'ok' | 'full';
  readonly waiting?: number;
}
const ok: Reply = { kind: 'ok' };

/** An insert that finds the queue full `times` times. Counts how often it was called. */
function fullFor(times: number) {
  const asked = { count: 0 };
  const insert = async (): Promise<Reply> => {
    asked.count += 1;
    return asked.count <= times ? { kind: 'full' } : ok;
  };
  return { insert, asked };
}

describe('untilRoom', () => {
  it('inserts once when there is room', async () => {
    const { insert, asked } = fullFor(0);
    expect(await untilRoom(insert, undefined)).toBe(ok);
    expect(asked.count).toBe(1);
  });

  it('inserts again as long as the queue is full', async () => {
    const { insert, asked } = fullFor(3);
    expect(await untilRoom(insert, new AbortController().signal)).toBe(ok);
    expect(asked.count).toBe(4);
  });

  it('tells onFull how many jobs wait, each time before it tries again', async () => {
    const told: number[] = [];
    let waiting = 9;
    const insert = async (): Promise<Reply> => {
      waiting -= 1;
      return waiting >= 7 ? { kind: 'full', waiting } : ok;
    };
    await untilRoom(insert, undefined, (jobs) => told.push(jobs));
    expect(told).toEqual([8, 7]);
  });

  it('gives up when the signal aborts', async () => {
    const { insert, asked } = fullFor(Number.POSITIVE_INFINITY);
    expect(await untilRoom(insert, AbortSignal.abort())).toEqual({ kind: 'full' });
    expect(asked.count).toBe(1);
  });

  it.each([
    ['gives up', Number.POSITIVE_INFINITY, { kind: 'full' }],
    ['takes the room it finds', 2, ok],
  ])('ends its pause when the signal aborts, tries once more and %s', async (_, times, answer) => {
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

  it.each(['mixed', 'gone', 'cancelled', 'changed'] as const)('returns any other answer: %s', async (kind) => {
    expect(await untilRoom(async () => ({ kind }), undefined)).toEqual({ kind });
  });

  it('passes on an error of the insert', async () => {
    await expect(untilRoom(() => Promise.reject(new Error('away')), undefined)).rejects.toThrow('away');
  });
});
