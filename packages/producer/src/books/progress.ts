import { type BatchView, stageOf } from './batch-view.js';
import { describeWait } from './batch-wait.js';
import type { BatchBooks } from './books.js';
import type { Rate } from './rate.js';

/** How far a batch is at one moment, and how fast it goes. */
export interface Progress<B extends BatchBooks = BatchView> {
  /** The batch at this moment. */
  readonly view: B;
  /** How many rows are settled. */
  readonly done: number;
  /** Rows settled per second. `undefined` at the first look. */
  readonly perSecond: number | undefined;
  /** How long the rest takes. `undefined` while the source is being read or nothing is settled. */
  readonly secondsLeft: number | undefined;
  /**
   * Why nothing gets done, in words. `undefined` while something does, when it is not known, and
   * for the answers of `batches.list`, which do not say it.
   */
  readonly standstill: string | undefined;
}

/**
 * Measures how far a batch is, and notes it in `rate`.
 * @param view the answer of `batches.show`, or one of `batches.list`
 * @param rate the same rate at each look
 * @param at milliseconds, on the same clock at each call with this rate
 * @example
 * const rate = new Rate();
 * const view = await producer.batches.show({ name: 'march' });
 * const { done, secondsLeft } = measureProgress(view, rate, performance.now());
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export function measureProgress<B extends BatchBooks>(view: B, rate: Rate, at: number): Progress<B> {
  const done = view.completed + view.failed + view.cancelled;
  rate.note(done, at);
  const secondsLeft = stageOf(view) === 'reading' ? undefined : rate.secondsFor(view.added - done);
  const { perSecond } = rate;
  const { waits } = view as B & Partial<BatchView>;
  const standstill = waits === undefined || (perSecond ?? 0) > 0 ? undefined : describeWait(waits);
  return { view, done, perSecond, secondsLeft, standstill };
}
