import type { Logger } from '@bullpen/shared';
import { describeThrown } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hostClock } from '../../test/fetched-job.js';
import type { Outcome } from '../attempt/outcome.js';
import { Observers, type WorkerEvent } from './observers.js';
import { reportOutcome } from './report-outcome.js';

const NOW = 1_900_000_000_000;
const first = { fetches: 1, attemptsMade: 0, crashes: 0 };
const quiet = (): void => undefined;
const log = { isLevelEnabled: () => false, info: quiet, warn: quiet, error: quiet } as unknown as Logger;

/**
 * What observers are told of an attempt at a job that was enqueued 5 s ago, and that began
 * `startedAgoMs` ago.
 */
function told({ job = {}, lease = {}, startedAgoMs = 250, outcome = { kind: 'completed', result: 1 } as Outcome }) {
  vi.useFakeTimers({ now: NOW, toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const observers = new Observers(log, (run) => run());
  const events: WorkerEvent[] = [];
  observers.add((event) => void events.push(event));
  const attempt = {
    ...{ job: 'mail.send', jobId: 'j-1', queue: 'mail', number: 1, maxAttempts: 3, lease: { ...first, ...lease } },
    fetched: { timestamp: NOW - 5_000, opts: {}, ...job },
  };
  reportOutcome({ log, observers, clock: hostClock }, outcome, attempt, performance.now() - startedAgoMs);
  expect(events).toHaveLength(1);
  return events[0];
}

describe('reportOutcome', () => {
  it('tells observers how an attempt ended, how long it took, and how long its job had waited', () => {
    expect(told({})).toEqual({
      ...{ kind: 'attempt-ended', queue: 'mail', job: 'mail.send', jobId: 'j-1', outcome: 'completed' },
      ...{ attempt: 1, maxAttempts: 3, error: undefined, durationMs: 250, queueWaitMs: 4_750 },
    });
  });

  it('tells why an attempt failed: observers report it to where errors are collected', () => {
    const error = describeThrown(new TypeError('no such field'));
    expect(told({ outcome: { kind: 'failed', error } })).toMatchObject({ outcome: 'failed', error });
    expect(told({ outcome: { kind: 'interrupted', reason: 'draining' } })).toMatchObject({ error: undefined });
  });

  it('counts the wait from when the job was due', () => {
    expect(told({ job: { opts: { delay: 4_000 } } })).toMatchObject({ queueWaitMs: 750 });
    expect(told({ job: { opts: { delay: 'soon' } } })).toMatchObject({ queueWaitMs: 4_750 });
  });

  it('reports no negative wait, whatever another client has stored', () => {
    expect(told({ job: { timestamp: NOW + 60_000 } })).toMatchObject({ queueWaitMs: 0 });
    expect(told({ job: { timestamp: undefined } })).toMatchObject({ queueWaitMs: 0 });
  });

  it.each([
    ['a snooze or a hand-back', { fetches: 2 }],
    ['a failure', { attemptsMade: 1 }],
    ['a crash', { crashes: 1 }],
  ])('reports no wait after %s', (_, lease) => {
    expect(told({ lease })).toMatchObject({ queueWaitMs: undefined });
  });
});
