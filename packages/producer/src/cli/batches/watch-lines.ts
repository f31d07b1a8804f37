import { showRate, showText } from '@bullpen/shared/internal';
import type { BatchView } from '../../books/batch-view.js';
import type { Progress } from '../../books/progress.js';
import { showCount } from '../print.js';
import { showSeconds } from '../progress.js';

/** `1,200/s  ETA 1m15s`, or why nothing moves. */
export function rateLine({ perSecond, secondsLeft, standstill }: Progress): string {
  if (standstill !== undefined) return standstill;
  const rate = perSecond === undefined ? '-/s' : showRate(perSecond);
  return `${rate}  ETA ${secondsLeft === undefined ? '-' : showSeconds(secondsLeft)}`;
}

/** How many rows are in each state, in lines that fit the terminal. */
export function countsLines(view: BatchView, columns: number): string[] {
  const lines: string[] = [];
  for (const part of countsOf(view)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + GAP.length + part.length > columns) lines.push(part);
    else lines[lines.length - 1] = `${last}${GAP}${part}`;
  }
  return lines;
}

const GAP = '  ';

function countsOf(view: BatchView): string[] {
  const { waiting, active, delayed, completed, failed, cancelled, missing } = view;
  const counts = { waiting, active, delayed, completed, failed, cancelled, ...(missing > 0 ? { missing } : {}) };
  const line = Object.entries(counts).map(([name, count]) => `${name} ${showCount(count)}`);
  if (view.stage === 'reading') line.push(`source not read to its end (row ${showCount(view.read)})`);
  return line;
}

/** The most frequent reasons why rows failed. */
export function reasonLines({ reasons }: BatchView, most: number): string[] {
  return reasons.slice(0, most).map(({ reason, count }) => `${showCount(count).padStart(9)} × ${showText(reason)}`);
}

/** The progress on one line, for a pipe. */
export function pipeLine(progress: Progress): string {
  const { view, done } = progress;
  const part = `${showCount(done)} of ${showCount(view.added)} settled`;
  return `batch ${view.name}: ${part}  ${rateLine(progress)}  ${countsOf(view).join(GAP)}`;
}

/** The progress as JSON, for a program. */
export function jsonLine({ view, perSecond, secondsLeft }: Progress): string {
  const rounded = (value: number | undefined) => (value === undefined ? undefined : Math.round(value * 10) / 10);
  return JSON.stringify({ ...view, perSecond: rounded(perSecond), secondsLeft: rounded(secondsLeft) });
}
