import { type BatchBooks, type BatchView, countOpen } from '@bullpen/producer';
import { html } from 'ghtml';
import { showCount } from './figures.js';

/** Rows of a batch by what became of them, in the order of the bar. */
export interface Parts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly active: number;
  readonly delayed: number;
  readonly waiting: number;
}

/** The parts of a batch of which only the books are known: what is open waits, for all they say. */
export const partsOfBooks = (books: BatchBooks): Parts => ({
  ...{ completed: books.completed, failed: books.failed, cancelled: books.cancelled },
  ...{ active: 0, delayed: 0, waiting: countOpen(books) },
});

/** The parts of a batch that was looked at. */
export const partsOfView = ({ completed, failed, cancelled, active, delayed, waiting }: BatchView): Parts => ({
  ...{ completed, failed, cancelled, active, delayed, waiting },
});

/** How wide the picture is, in its own units. */
const WIDTH = 1_000;
/** A part that is there is seen, however small. */
const LEAST = 4;

/** A bar of the rows that were added. What it shows it says as well. */
export function bar(parts: Parts): string {
  const there = Object.entries(parts).filter(([, count]) => count > 0) as [string, number][];
  const all = there.reduce((sum, [, count]) => sum + count, 0);
  const widths = there.map(([, count]) => Math.max(LEAST, (WIDTH * count) / all));
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
