import { describe, expect, it } from 'vitest';
import type { ScriptedRedis } from '../redis/commands.js';
import { type Completed, type Completion, CompletionCalls } from './completion-calls.js';

/** Completion calls of a worker, and the calls they made. `answer` answers them. */
function completions(concurrency: number, answer: (args: unknown[]) => Promise<unknown[]> = accept) {
  const calls: unknown[][] = [];
  const bullpenCompleteRows = (args: unknown[]) => {
    calls.push(args);
    return answer(args);
  };
  const redis = { bullpenCompleteRows } as unknown as ScriptedRedis;
  const made = new CompletionCalls({ redis, prefix: 'p', queue: 'mail', leaseMs: 10_000, name: 'w1', concurrency });
  return { made, calls };
}

/** How many keys and arguments stand before the first row, and how many each row has. */
const [BEFORE, EACH] = [12, 7];
const rowsOf = (args: unknown[]): number => (args.length - BEFORE) / EACH;
const accept = async (args: unknown[]): Promise<unknown[]> =>
  Array.from({ length: rowsOf(args) }).flatMap(() => [0, null]);

function completion(row: number, result = 'null'): Completion {
  const note = { row, fate: 'completed', reason: '', text: 'kept', key: '' } as const;
  return { jobId: `b-b1-${row}`, token: `t${row}`, isNextWanted: row % 2 === 1, result, batch: 'b1', note };
}

describe('CompletionCalls', () => {
  it('sends in one call what ends in one turn, with all arguments of the script', async () => {
    const { made, calls } = completions(20);
    expect(await Promise.all([made.add(completion(1)), made.add(completion(2))])).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(calls).toEqual([
      [
        ...['wait', 'active', 'prioritized', 'events', 'stalled', 'delayed', 'meta', 'marker', 'pc'].map(
          (key) => `p:mail:${key}`,
        ),
        ...['p:mail:', 10_000, 'w1'],
        ...['b-b1-1', 't1', '1', 'null', 'b1', 1, 'kept'],
        ...['b-b1-2', 't2', '', 'null', 'b1', 2, 'kept'],
      ],
    ]);
  });

  it('rejects only for the row that Redis refuses', async () => {
    const { made } = completions(20, async () => [new Error('WRONGTYPE'), null, 0, null]);
    const [first, second] = await Promise.allSettled([made.add(completion(1)), made.add(completion(2))]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'WRONGTYPE' } });
    expect(second).toEqual({ status: 'fulfilled', value: [0, null] });
  });

  it('gives each row its own answer', async () => {
    const next = [['name', 'mail.send'], 'b-b1-9'];
    const { made } = completions(20, async () => [-2, null, 0, next]);
    expect(await Promise.all([made.add(completion(1)), made.add(completion(2))])).toEqual([
      [-2, null],
      [0, next],
    ]);
  });

  it.each([
    [1, [1, 1, 1, 1]],
    [4, [2, 2]],
    [20, [4]],
  ])('sends in one call at most half of a concurrency of %i', async (concurrency, sizes) => {
    const { made, calls } = completions(concurrency);
    await Promise.all([1, 2, 3, 4].map((row) => made.add(completion(row))));
    expect(calls.map(rowsOf)).toEqual(sizes);
  });

  it('sends large results at once', async () => {
    const { made, calls } = completions(1_000);
    await Promise.all([1, 2, 3].map((row) => made.add(completion(row, 'x'.repeat(200_000)))));
    expect(calls.map(rowsOf)).toEqual([2, 1]);
  });

  it('rejects for all rows of a call that failed, and goes on', async () => {
    let isDown = true;
    const { made } = completions(20, async (args) => {
      if (isDown) throw new Error('down');
      return accept(args);
    });
    const ends = await Promise.allSettled([made.add(completion(1)), made.add(completion(2))]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isDown = false;
    expect(await made.add(completion(3))).toEqual([0, null] satisfies Completed);
  });
});
