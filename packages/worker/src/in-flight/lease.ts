import type { Notes } from '../attempt/notes.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import type { FetchedJob } from './fetched-job.js';

/** A worker's right to one job, as it was given. */
export interface Lease {
  /** BullMQ's lock token. */
  readonly token: string;
  /**
   * How often the job had been fetched, this time included (`ats`). While Redis says the same,
   * nobody else has it.
   */
  readonly fetches: number;
  /** How many attempts had been spent (`atm`). */
  readonly attemptsMade: number;
  /** How many processes had died under the job (`stc`), as far as that is still on its account. */
  crashes: number;
  /**
   * Until when it holds for certain, whatever Redis does: on this process's monotonic clock (ms).
   */
  until: number;
  /**
   * That instant passed without a renewal. It may be taken up again, if Redis says that nobody else
   * has the job.
   */
  lapsed: boolean;
  /** Redis said that the job is another worker's. For good. */
  lost: boolean;
}

/**
 * What Redis says of a lease: `held`, ours; `recorded`, an end of this very attempt is in its
 * books; `returned`, the job is back in its queue and nobody has fetched it since, whoever put it
 * there; `gone`, there is no such job any more; `lost`, another worker's.
 */
export type LeaseAnswer = 'held' | 'recorded' | 'returned' | 'gone' | 'lost';

/**
 * Whether an answer says that our last word on a job was carried out, and only its reply was lost.
 */
export function confirms(
  answer: LeaseAnswer,
  { outcome, notes }: { readonly outcome: OutcomeKind | undefined; readonly notes: Notes | undefined },
): boolean {
  if (answer === 'recorded') return true;
  // The job of a row goes when its end is recorded.
  if (answer === 'gone') return notes?.batch !== undefined;
  // To be back in its queue is all that these ask for. After any other end it means that a stall
  // check was faster than our record.
  return answer === 'returned' && (outcome === 'interrupted' || outcome === 'snoozed');
}

/**
 * The lease that came with a fetch. Redis gave it at some instant after we sent the fetch
 * (`fetchedAt`, by the wall clock) and before we read the answer, so counting from the former
 * errs on the safe side. A process that was frozen in between finds it lapsed.
 */
export function leaseOf(job: FetchedJob, leaseMs: number): Lease {
  const ageMs = Math.max(0, Date.now() - (job.fetchedAt ?? Date.now()));
  return {
    token: job.token,
    fetches: job.fetches,
    attemptsMade: job.attemptsMade,
    crashes: job.crashes,
    until: performance.now() - ageMs + leaseMs,
    lapsed: false,
    lost: false,
  };
}
