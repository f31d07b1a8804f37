import { DeadlineExceeded, defineJob, JobCancelled, JobRejected, JobSnoozed, WorkerDraining } from '@bullpen/shared';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { type Context, handleMany, type ManyHandlerFunction } from '../handlers/handler.js';
import type { AttemptInput } from './attempt-input.js';
import { attemptMany } from './attempt-many.js';
import { AttemptStop } from './attempt-stop.js';
import type { Outcome } from './outcome.js';

const job = defineJob({
  ...{ name: 'many-rows.test', payload: z.object({ n: z.coerce.number() }), result: z.number().optional() },
  timeout: 1_000,
});

const rowsOf = (...payloads: unknown[]) => payloads.map((payload, at) => ({ id: `b-b1-${at + 1}`, payload }));
const three = rowsOf({ n: 1 }, { n: '2' }, { n: 3 });

/** Attempts rows by a handler that does what `run` does. */
function attempting(run: ManyHandlerFunction<typeof job>, rows = three, stop = new AttemptStop()): Promise<Outcome[]> {
  const handler = handleMany(job, run);
  const input = {
    stop,
    startedAt: 5_000,
    now: Date.now,
    context: (deadline: number) => ({ deadline, signal: stop.signal }) as Context,
  };
  return attemptMany(input as AttemptInput, rows, handler);
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

describe('attemptMany', () => {
  it('calls the handler once, with the parsed payloads, the ids and one deadline', async () => {
    const seen: unknown[] = [];
    await attempting((...args) => void seen.push(args));
    expect(seen).toEqual([
      [
        [
          { id: 'b-b1-1', payload: { n: 1 } },
          { id: 'b-b1-2', payload: { n: 2 } },
          { id: 'b-b1-3', payload: { n: 3 } },
        ],
        { deadline: 6_000, signal: expect.any(AbortSignal) },
      ],
    ]);
  });

  it('completes every row when the handler returns nothing, now or later', async () => {
    for (const run of [() => undefined, async () => undefined]) {
      expect(await attempting(run)).toEqual(Array(3).fill({ kind: 'completed', result: undefined }));
    }
  });

  it('counts the rows before the handler runs, which may remove them from its list', async () => {
    const outcomes = await attempting((rows) =>
      (rows as unknown[]).splice(0).map(() => ({ status: 'fulfilled' as const, value: 1 })),
    );
    expect(kinds(outcomes)).toEqual(['completed', 'completed', 'completed']);
  });

  it('ends each row by its entry of Promise.allSettled', async () => {
    const outcomes = await attempting((rows) =>
      Promise.allSettled(
        rows.map(async ({ payload: { n } }) => {
          if (n === 2) throw new Error('boom');
          return n;
        }),
      ),
    );
    expect(outcomes).toMatchObject([
      { kind: 'completed', result: 1 },
      { kind: 'failed', error: { message: 'boom' } },
      { kind: 'completed', result: 3 },
    ]);
  });

  it('rejects or snoozes a row whose reason says so', async () => {
    const until = new Date(Date.now() + 60_000);
    const reasons = [new JobRejected('never'), new JobSnoozed({ until }), undefined];
    const outcomes = await attempting(() => reasons.map((reason) => ({ status: 'rejected', reason })));
    expect(outcomes).toMatchObject([
      { kind: 'rejected' },
      { kind: 'snoozed', due: { at: until.getTime() } },
      { kind: 'failed' },
    ]);
  });

  it('ends all rows by what the handler throws, now or later', async () => {
    const rejecting = () => Promise.reject(new JobRejected('none of these'));
    expect(kinds(await attempting(rejecting))).toEqual(['rejected', 'rejected', 'rejected']);
    const outcomes = await attempting(() => {
      throw new Error('boom');
    });
    expect(outcomes).toMatchObject(Array(3).fill({ kind: 'failed', error: { message: 'boom' } }));
  });

  it('rejects the rows that do not fit the schema, and gives the others to the handler: each keeps its own outcome', async () => {
    const rows = rowsOf({ n: 'x' }, { n: 2 }, 5, { n: 4 });
    const given: string[] = [];
    const outcomes = await attempting((valid) => {
      given.push(...valid.map(({ id }) => id));
      return [
        { status: 'fulfilled', value: 20 },
        { status: 'rejected', reason: new Error('four') },
      ];
    }, rows);
    expect(given).toEqual(['b-b1-2', 'b-b1-4']);
    expect(outcomes).toMatchObject([
      { kind: 'rejected', error: { code: 'BULLPEN_PAYLOAD_INVALID' } },
      { kind: 'completed', result: 20 },
      { kind: 'rejected', error: { code: 'BULLPEN_PAYLOAD_INVALID' } },
      { kind: 'failed', error: { message: 'four' } },
    ]);
  });

  it('does not call the handler when no row fits the schema', async () => {
    const run = vi.fn();
    expect(kinds(await attempting(run, rowsOf(1, 2)))).toEqual(['rejected', 'rejected']);
    expect(run).not.toHaveBeenCalled();
  });

  it('fails a row whose result does not fit, and no other row', async () => {
    const values = [1, 'two', 3];
    const outcomes = await attempting(() => values.map((value) => ({ status: 'fulfilled', value: value as number })));
    expect(kinds(outcomes)).toEqual(['completed', 'failed', 'completed']);
  });

  it.each([
    ['too few', [{ status: 'fulfilled', value: 1 }]],
    ['too many', Array(4).fill({ status: 'fulfilled', value: 1 })],
    ['no list', { status: 'fulfilled' }],
    ['null', null],
    ['bare values', [1, 2, 3]],
    ['unknown words', Array(3).fill({ status: 'done' })],
    ['nothing in them', [null, undefined, 5]],
  ])('fails every row when the outcomes do not match the rows: %s', async (_, returned) => {
    const outcomes = await attempting(() => returned as never);
    const message =
      'result of many-rows.test: expected nothing, or what Promise.allSettled returns, one entry for each of 3 rows';
    expect(outcomes).toMatchObject(Array(3).fill({ kind: 'failed', error: { message } }));
  });

  it('waits for asynchronous schemas, and does not call the handler when a stop came meanwhile', async () => {
    const stop = new AttemptStop();
    const slow = defineJob({
      name: 'many-rows.slow',
      payload: z.unknown().refine(async () => {
        stop.abort(new JobCancelled());
        return true;
      }),
    });
    const run = vi.fn();
    const input = { stop, startedAt: 5_000, context: () => ({}) as Context } as unknown as AttemptInput;
    const outcomes = await attemptMany(input, three, handleMany(slow, run));
    expect(kinds(outcomes)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(run).not.toHaveBeenCalled();
  });

  it('ends every row when it is stopped by its deadline, by a cancellation, or by a drain that abandons it', async () => {
    const aborted = ({ signal }: Context) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    for (const [reason, kind] of [
      [new JobCancelled(), 'cancelled'],
      [new DeadlineExceeded(5), 'failed'],
      [new WorkerDraining(), 'interrupted'],
    ] as const) {
      const stop = new AttemptStop();
      const running = attempting((_, context) => aborted(context), three, stop);
      stop.abort(reason);
      expect(kinds(await running)).toEqual([kind, kind, kind]);
    }
    const stop = new AttemptStop();
    const hanging = attempting(() => new Promise<undefined>(() => undefined), three, stop);
    stop.abandon(new WorkerDraining());
    expect(kinds(await hanging)).toEqual(['interrupted', 'interrupted', 'interrupted']);
  });

  it('fails every row at the deadline, also when the handler returns later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let finish: () => void = () => undefined;
    const running = attempting(
      () =>
        new Promise<undefined>((resolve) => {
          finish = () => resolve(undefined);
        }),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    finish();
    expect(kinds(await running)).toEqual(['failed', 'failed', 'failed']);
  });
});
