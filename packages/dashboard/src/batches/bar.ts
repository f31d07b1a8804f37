import { type BatchBooks, type BatchView, countOpen } from '@bullpen/producer';
import { html } from 'ghtml';
import { showCount } from './figures.js';

/** The rows of a batch, by fate or state, in the order of the bar. */
export interface BarCounts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly active: number;
  readonly delayed: number;
  readonly waiting: number;
}

/**
 * Counts rows by the books alone. They do not know more of open rows, so all of these count as
 * waiting.
 */
export const countsOfBooks = (books: BatchBooks): BarCounts => ({
  ...{ completed: books.completed, failed: books.failed, cancelled: books.cancelled },
  ...{ active: 0, delayed: 0, waiting: countOpen(books) },
});

/** Counts rows by a view of the batch, which knows more of open rows. */
export const countsOfView = ({ completed, failed, cancelled, active, delayed, waiting }: BatchView): BarCounts => ({
  ...{ completed, failed, cancelled, active, delayed, waiting },
});

/** The width of the picture, in its own units. */
const WIDTH = 1_000;
/** The width of the smallest part: every part that is not empty can be seen. */
const MIN_WIDTH = 4;

/** Renders a bar of the rows that were added, with the same counts as text. */
export function bar(counts: BarCounts): string {
  const there = Object.entries(counts).filter(([, count]) => count > 0) as [string, number][];
  const all = there.reduce((sum, [, count]) => sum + count, 0);
  const widths = there.map(([, count]) => Math.max(MIN_WIDTH, (WIDTH * count) / all));
  const scale = WIDTH / widths.reduce((sum, width) => sum + width, 0);
  let x = 0;
  const pieces = there.map(([name], at) => {
    const width = (widths[at] ?? 0) * scale;
    const piece = html`<rect class="${name}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="10"/>`;
    x += width;
    return piece;
  });
  const said = there.map(([name, count]) => `${name} ${showCount(count)}`).join(', ') || 'no rows yet';
  return html`<svg class="bar" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title>!${pieces}</svg>`;
}
