import type { Logger } from '@bullpen/shared';
import type { Job } from 'bullmq';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outcome } from '../attempt/outcome.js';
import { leaseOf } from '../in-flight/lease.js';
import { Observers, type WorkerEvent } from './observers.js';
import { reportOutcome } from './report-outcome.js';

const NOW = 1_900_000_000_000;
const first = { attemptsMade: 0, attemptsStarted: 1, stalledCounter: 0 };
const quiet = (): void => undefined;
const log = { isLevelEnabled: () => false, info: quiet, warn: quiet, error: quiet } as unknown as Logger;

/**
 * What observers are told of an attempt at a job that was enqueued 5 s ago, and that began
 * `startedAgoMs` ago.
 */
function told({ job = {}, fetched = {}, startedAgoMs = 250, outcome = { kind: 'completed', result: 1 } as Outcome }) {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const observers = new Observers(log);
  const events: WorkerEvent[] = [];
  observers.add((event) => void events.push(event));
  const attempted = { name: 'mail.send', queueName: 'mail', timestamp: NOW - 5_000, attemptsMade: 0, opts: {}, ...job };
  const lease = leaseOf({ ...first, ...fetched }, 't1', 10_000);
  const startedAt = NOW - startedAgoMs;
  reportOutcome({ log, observers }, outcome, attempted as unknown as Job, { queue: 'mail', lease }, 'j-1', startedAt);
  expect(events).toHaveLength(1);
  return events[0];
}

describe('reportOutcome', () => {
  it('tells observers how an attempt ended, how long it took, and how long its job had waited', () => {
    expect(told({})).toEqual({
      ...{ kind: 'attempt-ended', queue: 'mail', job: 'mail.send', jobId: 'j-1', outcome: 'completed' },
      ...{ durationMs: 250, queueWaitMs: 4_750 },
    });
  });

  it('counts the wait from when the job was due', () => {
    expect(told({ job: { opts: { delay: 4_000 } } })).toMatchObject({ queueWaitMs: 750 });
    expect(told({ job: { opts: { delay: 'soon' } } })).toMatchObject({ queueWaitMs: 4_750 });
  });

  it('tells nothing negative, whatever the clocks say', () => {
    expect(told({ job: { timestamp: NOW + 60_000 }, startedAgoMs: -100 })).toMatchObject({
      durationMs: 0,
      queueWaitMs: 0,
    });
    expect(told({ job: { timestamp: undefined } })).toMatchObject({ queueWaitMs: 0 });
  });

  it.each([
    ['a snooze or a hand-back', { attemptsStarted: 2 }],
    ['a failure', { attemptsMade: 1 }],
    ['a crash', { stalledCounter: 1 }],
  ])('knows of no wait after %s', (_, fetched) => {
    expect(told({ fetched })).toMatchObject({ queueWaitMs: undefined });
  });
});
