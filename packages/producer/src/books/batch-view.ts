import type { BatchWait } from './batch-wait.js';
import type { BatchBooks } from './books.js';

/**
 * The stages of a batch, see {@link BatchStage}.
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export const BATCH_STAGES = ['reading', 'running', 'settled', 'cancelled'] as const;

/**
 * How far a batch is:
 * - `reading`: its source was not read to its end yet. A producer is reading it or was interrupted.
 * - `running`: rows are open.
 * - `settled`: every row is settled.
 * - `cancelled`: rows that are still open will not be started.
 */
export type BatchStage = (typeof BATCH_STAGES)[number];

/**
 * A reason why rows failed, and how many rows failed for it. Ids, quoted values, addresses, times
 * and numbers that are no status or code are replaced by `…`, so that many rows share a reason.
 */
export interface FailureReason {
  /** The reason. */
  readonly reason: string;
  /** How many rows failed for it. */
  readonly count: number;
  /** The first row that failed for it. */
  readonly example: FailureExample | undefined;
}

/** A row that failed, as an example of the reason why. */
export interface FailureExample {
  /** The number of the row in its source, counted from 1. */
  readonly row: number;
  /** Its error: name and message, up to 500 characters. */
  readonly error: string;
}

/**
 * A batch at one moment: read = added + duplicate + rejected, and added = waiting + active +
 * delayed + completed + failed + cancelled.
 */
export interface BatchView extends BatchBooks {
  /** How far it is. */
  readonly stage: BatchStage;
  /** Open rows whose jobs wait. */
  readonly waiting: number;
  /** Open rows whose jobs are being attempted. */
  readonly active: number;
  /** Open rows whose jobs will be attempted later, for the first time or again. */
  readonly delayed: number;
  /**
   * How many of the waiting rows have no job any more, because somebody removed it by hand. Known
   * only when the queue holds no other job; else 0.
   */
  readonly missing: number;
  /** Why no row is being attempted. `undefined` when rows are, when one comes next, or at the end. */
  readonly waits: BatchWait | undefined;
  /** The ten most frequent reasons why rows failed. */
  readonly reasons: readonly FailureReason[];
}

/**
 * How many rows were added and are not settled.
 * @param books the batch
 * @example
 * const open = countOpen(await producer.batches.show({ name: 'march' }));
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export function countOpen({ added, completed, failed, cancelled }: BatchBooks): number {
  return Math.max(0, added - completed - failed - cancelled);
}

/**
 * The stage of a batch, by its books.
 * @example
 * const running = (await producer.batches.list()).filter((books) => stageOf(books) === 'running');
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export function stageOf(books: BatchBooks): BatchStage {
  if (books.cancelledAt !== undefined) return 'cancelled';
  if (books.readAt === undefined) return 'reading';
  return countOpen(books) > 0 ? 'running' : 'settled';
}

/**
 * Whether nothing of a batch changes any more by itself.
 * @example
 * if (isSettled(await producer.batches.show({ name: 'march' }))) console.log('done');
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export function isSettled(view: BatchView): boolean {
  const ended = view.readAt !== undefined || view.cancelledAt !== undefined;
  return ended && countOpen(view) === view.missing;
}

/**
 * Divides the open rows of the books into waiting, active and delayed. The jobs were counted one
 * part after the other while workers went on, so these counts are cut down until all adds up.
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
