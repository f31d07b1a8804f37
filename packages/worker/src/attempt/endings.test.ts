import {
  type BullpenError,
  DeadlineExceeded,
  defineJob,
  HandlerCrashed,
  JobCancelled,
  LeaseLost,
  WorkerDraining,
} from '@bullpen/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { AttemptStop } from './attempt-stop.js';
import { endedBy, fromReturned, fromThrown, isThenable } from './endings.js';

const job = defineJob({ name: 'endings.test', payload: z.unknown(), timeout: 1_000 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an ending', () => {
  const reasons = [new DeadlineExceeded(5), new HandlerCrashed('boom'), new JobCancelled(), new LeaseLost()];

  it('follows from the reason of the stop', () => {
    const kinds = [...reasons, new WorkerDraining(), undefined].map((reason) => endedBy(reason));
    expect(kinds.map((outcome) => (outcome.kind === 'interrupted' ? outcome.reason : outcome.kind))).toEqual([
      ...['failed', 'failed', 'cancelled', 'lease lost', 'draining', 'draining'],
    ]);
    // No other worker attempts a job that is gone from Redis.
    expect(endedBy(new LeaseLost({ isGone: true }))).toEqual({ kind: 'interrupted', reason: 'job gone' });
  });

  it('follows from the reason of the stop when the handler throws later, except JobRejected and JobSnoozed', () => {
    const rejected = Object.assign(new Error('never'), { code: 'BULLPEN_JOB_REJECTED' });
    const stoppedBy = (reason?: BullpenError) => {
      const stop = new AttemptStop();
      if (reason !== undefined) stop.abort(reason);
      return { stop, now: Date.now };
    };
    for (const reason of reasons) {
      expect(fromThrown(new Error('aborted'), stoppedBy(reason))).toEqual(endedBy(reason));
      expect(fromThrown(rejected, stoppedBy(reason))).toMatchObject({ kind: 'rejected', error: { message: 'never' } });
    }
    expect(fromThrown(new Error('boom'), stoppedBy())).toMatchObject({ kind: 'failed', error: { message: 'boom' } });
  });

  it('is a failure when the handler returns after the deadline, and a success after any other stop', () => {
    const kinds = reasons
      .map((reason) => fromReturned('done', job, reason))
      .map((end) => (end as { kind: string }).kind);
    expect(kinds).toEqual(['failed', 'completed', 'completed', 'completed']);
  });

  it('is no promise when nothing has to be waited for', () => {
    expect(fromReturned({ sent: 1 }, job, undefined)).toEqual({ kind: 'completed', result: { sent: 1 } });
    const slow = defineJob({
      ...{ name: 'endings.slow', payload: z.unknown() },
      result: z.number().refine(async () => true),
    });
    expect(fromReturned(5, slow, undefined)).toBeInstanceOf(Promise);
  });
});

describe('isThenable', () => {
  it('tells values that can be awaited from all others', () => {
    const withThen = (value: object, then: unknown): object => Object.assign(value, { then });
    const query = withThen(
      () => 1,
      () => undefined,
    );
    for (const value of [Promise.resolve(), query]) expect(isThenable(value)).toBe(true);
    const hostile = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('looked');
      },
    });
    for (const value of [undefined, null, 5, 'then', {}, withThen({}, 5), hostile])
      expect(isThenable(value)).toBe(false);
  });
});
