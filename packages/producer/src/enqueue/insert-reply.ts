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

/** What Redis answers to a chunk. Only `ok` stores jobs; any other answer changes nothing. */
export type InsertReply =
  | {
      readonly kind: 'ok';
      readonly answers: EnqueueStatus[];
      /** The single jobs of the chunk. Empty for a chunk of a batch. */
      readonly jobs: readonly Enqueued[];
      readonly counts: BatchTotals | undefined;
    }
  /** Too many jobs wait on the queue. */
  | { readonly kind: 'full'; readonly waiting?: number }
  /** The queue holds jobs with priorities and these jobs have none, or the other way round. */
  | { readonly kind: 'mixed' }
  /**
   * The books of the batch are gone, the batch was cancelled, or its rows are not those of before.
   */
  | { readonly kind: 'gone' | 'cancelled' | 'changed' }
  /**
   * The cursor of the batch does not stand at the beginning of the chunk. `ahead`: it stands at the
   * end of the chunk or further on.
   */
  | { readonly kind: 'ahead' | 'elsewhere'; readonly read: number; readonly checksum: string };

/** The reply as the insert script gives it. */
export type RawInsertReply = [kind: InsertReply['kind'], ...rest: string[]];

/**
 * Reads the reply of the insert script.
 * @param ids those of the single jobs of the chunk
 */
export function readInsertReply([kind, ...rest]: RawInsertReply, ids: readonly string[]): InsertReply {
  switch (kind) {
    case 'ok': {
      const [answers = '', holders = '', ...counts] = rest;
      const [read, added, duplicate, rejected] = counts.map(Number);
      const statuses = Array.from(answers, (answer): EnqueueStatus => (answer === 'a' ? 'added' : 'duplicate'));
      const holderOfNext = holders.split('\n').values();
      return {
        kind,
        answers: statuses,
        jobs: ids.map((id, at) => {
          const status = statuses[at] ?? 'added';
          return { status, id: status === 'added' ? id : (holderOfNext.next().value ?? id) };
        }),
        counts: read === undefined ? undefined : ({ read, added, duplicate, rejected } as BatchTotals),
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
