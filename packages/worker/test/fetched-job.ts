import { RedisClock } from '@bullpen/shared/internal';
import type { Outcome, OutcomeKind } from '../src/attempt/outcome.js';
import type { FetchedJob } from '../src/in-flight/fetched-job.js';
import { type Lease, leaseOf } from '../src/in-flight/lease.js';

/** A clock that goes by this host, because its Redis never answers. */
export const hostClock = new RedisClock(() => Promise.reject(new Error('no Redis')));

/** A job of queue mail at its first fetch, unless the test says otherwise. */
export function fetchedJob(more: Partial<FetchedJob> = {}): FetchedJob {
  return {
    ...{ queue: 'mail', id: 'j-1', name: 'mail.send', hasName: true, data: {}, storedData: '{}' },
    ...{ opts: { attempts: 3 }, token: 't1', timestamp: 1_700_000_000_000, priority: 0, fetchedAt: undefined },
    ...{ worker: 'w1', attemptsMade: 0, fetches: 1, crashes: 0, cancelled: false, suspectMs: undefined, ...more },
  };
}

/** The lease that comes with the fetch of a job. */
export function leaseFor(job: FetchedJob = fetchedJob(), leaseMs = 10_000): Lease {
  return leaseOf(job, leaseMs, hostClock);
}

const error = { name: 'Error', message: 'boom', stack: undefined, code: undefined };

/** An outcome of this kind, for tests that need nothing else of it. */
export function outcomeOf(kind: OutcomeKind): Outcome {
  switch (kind) {
    case 'completed':
      return { kind, result: undefined };
    case 'snoozed':
      return { kind, due: { inMs: 0 }, error };
    case 'interrupted':
      return { kind, reason: 'draining' };
    default:
      return { kind, error };
  }
}
