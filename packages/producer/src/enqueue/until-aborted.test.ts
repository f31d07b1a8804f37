import { describe, expect, it } from 'vitest';
import { untilAborted } from './until-aborted.js';

/** Gives these items, and then waits for ever. Records whether it was told to end. */
function silentAfter(...items: number[]) {
  const told = { ended: false };
  const iterator: AsyncIterator<number> = {
    next: () => {
      const value = items.shift();
      return value === undefined ? new Promise(() => undefined) : Promise.resolve({ done: false, value });
    },
    return: async () => {
      told.ended = true;
      return { done: true, value: undefined };
    },
  };
  return { told, items: { [Symbol.asyncIterator]: () => iterator } };
}

async function* of(...items: number[]): AsyncGenerator<number> {
  yield* items;
}

async function all(items: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const never = new AbortController().signal;

describe('untilAborted', () => {
  it('gives every item, to the end', async () => {
    expect(await all(untilAborted(of(1, 2, 3), never))).toEqual([1, 2, 3]);
  });

  it('ends while it waits for an item that never comes, and tells the source to end', async () => {
    const stop = new AbortController();
    const { items, told } = silentAfter(1, 2);
    const found: number[] = [];
    for await (const item of untilAborted(items, stop.signal)) {
      found.push(item);
      if (item === 2) setImmediate(() => stop.abort());
    }
    expect([found, told.ended]).toEqual([[1, 2], true]);
  });

  it('gives nothing after an abort before the first item, and nothing more after one between two items', async () => {
    expect(await all(untilAborted(of(1), AbortSignal.abort()))).toEqual([]);
    const stop = new AbortController();
    const found: number[] = [];
    for await (const item of untilAborted(of(1, 2), stop.signal)) {
      found.push(item);
      stop.abort();
    }
    expect(found).toEqual([1]);
  });

  it('throws the error of its source, but ignores an error after the abort', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error('the disk is gone');
    }
    await expect(all(untilAborted(failing(), never))).rejects.toThrow('the disk is gone');
    const stop = new AbortController();
    let close: (error: Error) => void = () => undefined;
    const next = () =>
      new Promise<never>((_, reject) => {
        close = reject;
      });
    const ended = all(untilAborted({ [Symbol.asyncIterator]: () => ({ next }) }, stop.signal));
    stop.abort();
    expect(await ended).toEqual([]);
    close(new Error('Premature close'));
    // An unhandled rejection would fail the run here.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('lets its source clean up when the loop is left early, and waits for that', async () => {
    let isCleanedUp = false;
    async function* careful(): AsyncGenerator<number> {
      try {
        yield* [1, 2];
      } finally {
        await new Promise((resolve) => setImmediate(resolve));
        isCleanedUp = true;
      }
    }
    for await (const item of untilAborted(careful(), never)) {
      expect(item).toBe(1);
      break;
    }
    expect(isCleanedUp).toBe(true);
  });
});
