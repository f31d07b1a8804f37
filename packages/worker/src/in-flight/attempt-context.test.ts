import type { Logger } from '@bullpen/shared';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import { AttemptContext } from './attempt-context.js';
import type { FetchedJob } from './fetched-job.js';
import type { Progress } from './progress.js';

/**
 * The context of the second attempt at job j-1, the progress that it records and the loggers that
 * it makes.
 */
function contextOf(failure?: Error, more: Partial<FetchedJob> = {}) {
  const progress: unknown[] = [];
  const warnings: string[] = [];
  const children: object[] = [];
  const recorded = {
    async record({ queue, jobId, lease: { token } }: ActiveAttempt, value: unknown) {
      if (failure !== undefined) throw failure;
      progress.push([queue, jobId, token, value]);
    },
  };
  const warn = (_: object, message: string) => void warnings.push(message);
  const child = (fields: object) => ({ number: children.push(fields), warn });
  const job = fetchedJob({ attemptsMade: 1, fetches: 2, ...more });
  const attempt = new ActiveAttempts().begin(job, leaseFor(job));
  const log = { child } as unknown as Logger;
  const context = new AttemptContext(attempt, performance.now() + 60_000, log, recorded as unknown as Progress);
  return { context, attempt, progress, children, warnings };
}

describe('AttemptContext', () => {
  it('has the job, the number of the attempt and its deadline, by the clock of the host as it is set now', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { context } = contextOf();
    const { job, queue, jobId, batch, row, attempt, maxAttempts, enqueuedAt, deadline } = context;
    expect({ job, queue, jobId, batch, row, attempt, maxAttempts, enqueuedAt, deadline }).toEqual({
      ...{ job: 'mail.send', queue: 'mail', batch: undefined, row: undefined },
      ...{ jobId: 'j-1', attempt: 2, maxAttempts: 3, enqueuedAt: 1_700_000_000_000, deadline: 1_700_000_060_000 },
    });
    vi.setSystemTime(1_600_000_000_000);
    expect(context.deadline).toBe(1_600_000_060_000);
  });

  it('has the signal of the attempt', () => {
    const { context, attempt } = contextOf();
    expect(context.signal).toBe(attempt.stop.signal);
  });

  it('makes one logger with the job’s fields when it is first read', () => {
    const { context, children } = contextOf();
    expect(children).toEqual([]);
    expect(context.log).toBe(context.log);
    expect(children).toEqual([{ job: 'mail.send', jobId: 'j-1', queue: 'mail', attempt: 2 }]);
  });

  it('has the batch and the number of the row, and its logger has them, too', () => {
    const { context, children } = contextOf(undefined, { id: 'b-march-7', opts: { bullpen: { batch: 'march' } } });
    context.log.warn({}, 'said');
    expect([context.batch, context.row]).toEqual(['march', 7]);
    expect(children).toEqual([
      { job: 'mail.send', jobId: 'b-march-7', queue: 'mail', attempt: 2, batch: 'march', row: 7 },
    ]);
  });

  it('has no row where several rows share the job, and its logger has none', () => {
    const { context, children } = contextOf(undefined, {
      ...{ id: 'b-march-1_5', opts: { bullpen: { batch: 'march', rows: [1, 5] } } },
    });
    context.log.warn({}, 'said');
    expect([context.batch, context.row]).toEqual(['march', undefined]);
    expect(children).toEqual([{ job: 'mail.send', jobId: 'b-march-1_5', queue: 'mail', attempt: 2, batch: 'march' }]);
  });

  it('records progress while the attempt runs, and not afterwards', async () => {
    const { context, attempt, progress } = contextOf();
    await context.progress(50);
    attempt.end(outcomeOf('failed'));
    await context.progress(100);
    expect(progress).toEqual([['mail', 'j-1', 't1', 50]]);
  });

  it('records the first and the last progress of many that nobody awaits, the last before the end of the attempt', () => {
    const { context, attempt, progress } = contextOf();
    for (let at = 1; at <= 1_000; at += 1) void context.progress(at);
    expect(progress.map((recorded) => (recorded as unknown[])[3])).toEqual([1]);
    attempt.end(outcomeOf('completed'));
    expect(progress.map((recorded) => (recorded as unknown[])[3])).toEqual([1, 1_000]);
  });

  it('records no progress after the lease was lost', async () => {
    const { context, attempt, progress } = contextOf();
    attempt.lease.lost = true;
    await context.progress(50);
    expect(progress).toEqual([]);
  });

  it('records no progress for a row of a shared job: it would stand for all rows', async () => {
    const { context, progress } = contextOf(undefined, { opts: { bullpen: { batch: 'b1', rows: [1, 5] } } });
    await context.progress(50);
    expect(progress).toEqual([]);
  });

  it('does not fail an attempt whose progress cannot be recorded', async () => {
    const { context, warnings } = contextOf(new Error('WRONGTYPE Operation against a key'));
    await context.progress(50);
    expect(warnings).toEqual(['progress was not recorded']);
  });

  it('can be destructured by a handler, its methods included', async () => {
    const { context, progress } = contextOf();
    const { progress: record, log, signal } = context;
    await record({ done: 3 });
    expect([progress, signal.aborted, log]).toEqual([[['mail', 'j-1', 't1', { done: 3 }]], false, context.log]);
  });
});
