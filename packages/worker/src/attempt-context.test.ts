import type { Logger } from '@bullpen/shared';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { ActiveAttempts } from './active-attempts.js';
import { AttemptContext } from './attempt-context.js';
import { AttemptStop } from './attempt-stop.js';

/** The context of the second attempt of job j-1, and what it does outside: progress it records, loggers it makes. */
function contextOf() {
  const progress: unknown[] = [];
  const children: object[] = [];
  const job = {
    ...{ name: 'mail.send', attemptsMade: 1, timestamp: 1_700_000_000_000, opts: { attempts: 3 } },
    updateProgress: async (value: unknown) => void progress.push(value),
  };
  const child = (fields: object) => ({ number: children.push(fields) });
  const log = { child };
  const entry = new ActiveAttempts().begin('mail', 'j-1', new AttemptStop());
  const context = new AttemptContext(job as unknown as Job, entry, 1_700_000_060_000, log as unknown as Logger);
  return { context, entry, progress, children };
}

describe('AttemptContext', () => {
  it('says which attempt of which job this is, and until when', () => {
    const { context } = contextOf();
    const { jobId, attempt, maxAttempts, enqueuedAt, deadline } = context;
    expect({ jobId, attempt, maxAttempts, enqueuedAt, deadline }).toEqual({
      ...{ jobId: 'j-1', attempt: 2, maxAttempts: 3, enqueuedAt: 1_700_000_000_000, deadline: 1_700_000_060_000 },
    });
  });

  it('hands out the signal of the attempt', () => {
    const { context, entry } = contextOf();
    expect(context.signal).toBe(entry.stop.signal);
  });

  it('makes one logger, that knows the job, when it is first asked for', () => {
    const { context, children } = contextOf();
    expect(children).toEqual([]);
    expect(context.log).toBe(context.log);
    expect(children).toEqual([{ job: 'mail.send', jobId: 'j-1', queue: 'mail', attempt: 2 }]);
  });

  it('records progress while the attempt runs, and nothing once it is over', async () => {
    const { context, entry, progress } = contextOf();
    await context.progress(50);
    entry.outcome = 'failed';
    await context.progress(100);
    expect(progress).toEqual([50]);
  });

  it('may be taken apart by a handler, its methods too', async () => {
    const { context, progress } = contextOf();
    const { progress: record, log, signal } = context;
    await record({ done: 3 });
    expect([progress, signal.aborted, log]).toEqual([[{ done: 3 }], false, context.log]);
  });
});
