import type { BatchBooks } from './books.js';

/** The stages a batch can be in. */
export const BATCH_STAGES = ['reading', 'running', 'settled', 'cancelled'] as const;

/**
 * How far a batch is: `reading` while its source is not read to its end (somebody is at it, or was
 * interrupted), `running` while rows are open, `settled`; `cancelled` whatever rows are still open,
 * they will not be begun.
 */
export type BatchStage = (typeof BATCH_STAGES)[number];

/**
 * A reason why rows failed, and how many did. Numbers, ids and what is quoted in a message are `…`,
 * so that rows share it.
 */
export interface FailureReason {
  readonly reason: string;
  readonly count: number;
}

/**
 * A batch at one moment: read = added + duplicate + rejected, and added = waiting + active +
 * delayed + completed + failed + cancelled.
 */
export interface BatchView extends BatchBooks {
  readonly stage: BatchStage;
  /**
   * Of the added rows, those that are not settled: their jobs wait, are attempted, or are to be
   * attempted (again) later.
   */
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /**
   * Of the waiting rows, those whose jobs are gone, removed by hand: known only when the queue
   * holds no other job.
   */
  readonly missing: number;
  /** The ten most frequent reasons why rows failed. */
  readonly reasons: readonly FailureReason[];
}

/** Rows that were added and are not settled. */
export function countOpen({ added, completed, failed, cancelled }: BatchBooks): number {
  return Math.max(0, added - completed - failed - cancelled);
}

/** How far a batch is by its books. */
export function stageOf(books: BatchBooks): BatchStage {
  if (books.cancelledAt !== undefined) return 'cancelled';
  if (books.readAt === undefined) return 'reading';
  return countOpen(books) > 0 ? 'running' : 'settled';
}

/** Whether nothing will change any more by itself. */
export function isSettled(view: BatchView): boolean {
  const ended = view.readAt !== undefined || view.cancelledAt !== undefined;
  return ended && countOpen(view) === view.missing;
}

/**
 * What was counted one after the other, while workers went on; open rows as the books say it are
 * divided so that all adds up.
 */
export function divideOpen(
  books: BatchBooks,
  counted: { readonly active: number; readonly delayed: number; readonly queued: number },
): Pick<BatchView, 'waiting' | 'active' | 'delayed' | 'missing'> {
  const open = countOpen(books);
  const active = Math.min(counted.active, open);
  const delayed = Math.min(counted.delayed, open - active);
  const waiting = open - active - delayed;
  return { waiting, active, delayed, missing: counted.queued === 0 ? waiting : 0 };
}
