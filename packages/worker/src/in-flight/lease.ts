import type { RedisClock } from '@bullpen/shared/internal';
import type { Notes } from '../attempt/notes.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import { type FetchedJob, fetchMark } from './fetched-job.js';

/** A worker's right to one job, as the fetch gave it. */
export interface Lease {
  /** BullMQ's lock token. */
  readonly token: string;
  /** Names the fetch. While Redis has the same mark, nobody has fetched the job after us. */
  readonly mark: string;
  /** How often the job had been fetched, this time included (`ats` on Redis). */
  readonly fetches: number;
  /** How many attempts had been spent (`atm` on Redis). */
  readonly attemptsMade: number;
  /**
   * How many processes had died under the job (`stc` on Redis). A shared job passes crashes on to its
   * rows; then this is what remains.
   */
  crashes: number;
  /** Until when it holds, whatever Redis does: milliseconds on this process' monotonic clock. */
  until: number;
  /**
   * Nobody renewed it in time. It may be taken up again if Redis says that nobody else has fetched the
   * job.
   */
  lapsed: boolean;
  /** Redis said that the job is not ours any more. This is final. */
  lost: boolean;
}

/**
 * Whether nobody renewed it in time. A process that was frozen may come to other work before it
 * notices.
 */
export const hasRunOut = ({ lapsed, until }: Lease): boolean => lapsed || performance.now() >= until;

/**
 * What Redis says of a lease:
 * - `held`: the job is ours
 * - `recorded`: the end of this very attempt is recorded
 * - `returned`: the job is back in its queue, and nobody has fetched it since
 * - `gone`: the job does not exist any more
 * - `removed`: the same, and the end of this attempt is not recorded
 * - `lost`: another worker has the job
 */
export type LeaseAnswer = 'held' | 'recorded' | 'returned' | 'gone' | 'removed' | 'lost';

/** Whether an answer means that Redis recorded the end of the attempt, and only the reply was lost. */
export function confirms(
  answer: LeaseAnswer,
  { outcome, notes }: { readonly outcome: OutcomeKind | undefined; readonly notes: Notes | undefined },
): boolean {
  if (answer === 'recorded') return true;
  // The job of a row is removed when its end is recorded.
  if (answer === 'gone') return notes?.batch !== undefined;
  // These two ends put the job back in its queue. After any other end it means that a stall check was
  // faster than our record.
  return answer === 'returned' && (outcome === 'interrupted' || outcome === 'snoozed');
}

/**
 * The lease that came with a fetch. Redis gave it at `fetchedAt`, by its own clock. The lease may be
 * as old as that clock can say by now: a process that was frozen before it read the answer finds its
 * lease lapsed.
 */
export function leaseOf(job: FetchedJob, leaseMs: number, clock: Pick<RedisClock, 'latest'>): Lease {
  const { fetchedAt } = job;
  const ageMs = fetchedAt === undefined ? 0 : Math.max(0, clock.latest() - fetchedAt);
  return {
    token: job.token,
    mark: fetchMark(job),
    fetches: job.fetches,
    attemptsMade: job.attemptsMade,
    crashes: job.crashes,
    until: performance.now() - ageMs + leaseMs,
    lapsed: false,
    lost: false,
  };
}
