import { type BatchView, stageOf } from './batch-view.js';
import type { BatchBooks } from './books.js';
import type { Rate } from './rate.js';

/** How far a batch is at one moment, and how fast it goes. */
export interface Progress<B extends BatchBooks = BatchView> {
  readonly view: B;
  /** Rows that are settled. */
  readonly done: number;
  readonly perSecond: number | undefined;
  /** How long the rest takes; unknown as long as the source is being read. */
  readonly secondsLeft: number | undefined;
}

/**
 * What there is to show of a batch; notes it in its pace.
 * @param at milliseconds on the clock of that pace
 */
export function progressOf<B extends BatchBooks>(view: B, pace: Rate, at: number): Progress<B> {
  const done = view.completed + view.failed + view.cancelled;
  pace.note(done, at);
  const secondsLeft = stageOf(view) === 'reading' ? undefined : pace.secondsFor(view.added - done);
  return { view, done, perSecond: pace.perSecond, secondsLeft };
}
