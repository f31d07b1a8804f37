import type { Enqueued, EnqueueStatus } from './enqueued.js';

/** How far a batch is in all. Counts the rows of every run and every producer. */
export interface BatchTotals {
  /** Rows that were read: the sum of the other three. */
  readonly read: number;
  /** Rows that became jobs. */
  readonly added: number;
  /** Rows whose key was taken. */
  readonly duplicate: number;
  /** Rows that did not parse, or do not fit the job's schema. */
  readonly rejected: number;
}

/** Nothing was done: too many jobs wait on the queue. */
interface QueueIsFull {
  readonly kind: 'full';
  /** How many jobs wait. */
  readonly waiting: number;
}

/**
 * Nothing was done: the queue holds jobs with priorities and these jobs have none, or the other way
 * round.
 */
interface PrioritiesMix {
  readonly kind: 'mixed';
}

/** What Redis answers to a single job, or to a chunk that it refuses as a whole. */
export type JobAnswer =
  | { readonly kind: 'ok'; readonly enqueued: Enqueued }
  | QueueIsFull
  | PrioritiesMix
  /** Nothing was done: the job would expire before it can start. `now` is the time on Redis. */
  | { readonly kind: 'expired'; readonly now: number };

/** What Redis answers to a chunk of a batch. Only `ok` stores jobs; any other answer changes nothing. */
export type RowsReply =
  | { readonly kind: 'ok'; readonly answers: EnqueueStatus[]; readonly counts: BatchTotals }
  | QueueIsFull
  | PrioritiesMix
  /**
   * The books of the batch are gone, the batch was cancelled, or its rows are not those of before.
   */
  | { readonly kind: 'gone' | 'cancelled' | 'changed' }
  /**
   * The cursor of the batch does not stand at the beginning of the chunk. `ahead`: it stands at the
   * end of the chunk or further on.
   */
  | { readonly kind: 'ahead' | 'elsewhere'; readonly read: number; readonly checksum: string };

/**
 * Reads the reply of the script that inserts single jobs: an answer for each job, or one answer for
 * a chunk that was refused as a whole.
 * @param ids those of the jobs
 */
export function readJobsReply(reply: string, ids: readonly string[]): JobAnswer[] {
  const [answers = '', waiting, now, ...holders] = reply.split('\n');
  const holderOfNext = holders.values();
  return Array.from(answers, (answer, at): JobAnswer => {
    const id = ids[at] as string;
    switch (answer) {
      case 'a':
        return { kind: 'ok', enqueued: { status: 'added', id } };
      case 'd':
        return { kind: 'ok', enqueued: { status: 'duplicate', id: holderOfNext.next().value ?? id } };
      case 'f':
        return { kind: 'full', waiting: Number(waiting) };
      case 'm':
        return { kind: 'mixed' };
      default:
        return { kind: 'expired', now: Number(now) };
    }
  });
}

/** The reply as the script gives it that inserts rows of a batch. */
export type RawRowsReply = [kind: RowsReply['kind'], ...rest: string[]];

/** Reads the reply of the script that inserts rows of a batch. */
export function readRowsReply([kind, ...rest]: RawRowsReply): RowsReply {
  switch (kind) {
    case 'ok': {
      const [answers = '', ...counts] = rest;
      const [read, added, duplicate, rejected] = counts.map(Number);
      return {
        kind,
        answers: Array.from(answers, (answer): EnqueueStatus => (answer === 'a' ? 'added' : 'duplicate')),
        counts: { read, added, duplicate, rejected } as BatchTotals,
      };
    }
    case 'full':
      return { kind, waiting: Number(rest[0]) };
    case 'ahead':
    case 'elsewhere':
      return { kind, read: Number(rest[0]), checksum: rest[1] ?? '' };
    default:
      return { kind };
  }
}
