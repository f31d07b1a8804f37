import { describe, expect, it } from 'vitest';
import type { ActiveAttempt } from './active-attempts.js';
import type { Carried, Recorder } from './recorder.js';
import { RowAcks } from './row-acks.js';

const MOST = 32;

/** Acks over a recorder whose writes are answered by hand. */
function acking() {
  const carried: ((end: Carried<unknown>) => void)[] = [];
  const state = { isConnected: true, written: [] as number[], started: [] as number[] };
  const recorder = {
    carry(_: ActiveAttempt, write: () => Promise<unknown>): Promise<Carried<unknown>> {
      void write();
      return new Promise((resolve) => carried.push(resolve));
    },
  };
  const acks = new RowAcks({} as ActiveAttempt, recorder as unknown as Recorder, () => state.isConnected);
  let count = 0;
  /** Writes the next end. Answers with what the caller has to wait for, if anything. */
  const write = (): Promise<void> | undefined => {
    count += 1;
    const number = count;
    return acks.write(
      async () => void state.started.push(number),
      () => state.written.push(number),
    );
  };
  const answer = (at: number, end: Carried<unknown> = { kind: 'written', value: 1 }): void => carried[at]?.(end);
  return { acks, state, write, answer };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether a promise is settled by now. */
async function isThrough(promise: Promise<void>): Promise<boolean> {
  let through = false;
  void promise.then(() => {
    through = true;
  });
  await settled();
  return through;
}

describe('RowAcks', () => {
  it('writes at once and lets the next row begin, without waiting for Redis', async () => {
    const { write, state } = acking();
    expect([write(), write()]).toEqual([undefined, undefined]);
    expect([state.started, state.written]).toEqual([[1, 2], []]);
  });

  it('says when Redis has an end, and not before', async () => {
    const { write, answer, state } = acking();
    write();
    write();
    answer(1);
    await settled();
    expect(state.written).toEqual([2]);
  });

  it('holds the rows when many ends are on their way, until one of them is there', async () => {
    const { write, answer } = acking();
    for (let at = 1; at < MOST; at += 1) expect(write()).toBeUndefined();
    const waiting = write() as Promise<void>;
    expect(await isThrough(waiting)).toBe(false);
    answer(20);
    expect(await isThrough(waiting)).toBe(true);
    answer(21);
    await settled();
    expect(write()).toBeUndefined();
  });

  it('holds the rows while Redis is away, until it has all ends', async () => {
    const { write, answer, state } = acking();
    write();
    state.isConnected = false;
    const waiting = write() as Promise<void>;
    answer(1);
    expect(await isThrough(waiting)).toBe(false);
    answer(0);
    expect(await isThrough(waiting)).toBe(true);
  });

  it('remembers that Redis would not take one, and counts that end as not written', async () => {
    for (const end of [
      { kind: 'over', answer: 'lost' },
      { kind: 'refused', error: new Error('OOM') },
    ] as const) {
      const { acks, write, answer, state } = acking();
      write();
      write();
      expect(acks.failed).toBe(false);
      answer(0, end);
      answer(1);
      await acks.flush();
      expect([acks.failed, state.written]).toEqual([true, [2]]);
    }
  });

  it('flushes what is written while it flushes, and nothing when there is nothing', async () => {
    const { acks, write, answer } = acking();
    await acks.flush();
    write();
    const flushed = acks.flush();
    write();
    answer(0);
    expect(await isThrough(flushed)).toBe(false);
    answer(1);
    expect(await isThrough(flushed)).toBe(true);
  });
});
