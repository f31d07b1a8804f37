import type { Spread } from './spread.js';

/** Stands where nothing was measured. */
const NOTHING = '–';

/** `12,345`; below a hundred one decimal, below ten two. */
export function showNumber(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The median alone. */
export const showMedian = (spread: Spread | undefined): string =>
  spread === undefined ? NOTHING : showNumber(spread.median);

/** `**1.75** (1.69 … 1.83)`: the median and its interval, or the least and the most of few rounds. */
export function showRatio(spread: Spread | undefined): string {
  if (spread === undefined) return NOTHING;
  const { median, min, max, interval = { low: min, high: max } } = spread;
  return `**${median.toFixed(2)}** (${interval.low.toFixed(2)} … ${interval.high.toFixed(2)})`;
}

/** A table of Markdown, numbers to the right of the first column. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}
