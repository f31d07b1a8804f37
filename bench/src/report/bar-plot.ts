import { type Heat, type Side, sideOf } from '../running/heat.js';
import type { Measure, Results } from './results.js';
import { showNumber } from './show.js';
import type { Spread } from './spread.js';
import { bar, line, MARGIN, niceScale, picture, text, WIDTH } from './svg.js';

/** A bar for an entrant's median, and a thin line from its minimum to its maximum. */
export interface Bar {
  readonly label: string;
  readonly side: Side;
  readonly spread: Spread | undefined;
}

/** Bars that belong together, under a heading when there are several groups. */
export interface BarGroup {
  readonly heading?: string;
  readonly bars: readonly Bar[];
}

/** A heat's entrants as bars. */
export function barsOf({ name, entrants }: Heat, results: Results, measure: Measure): Bar[] {
  return entrants.map((entrant) => ({
    label: entrant.label,
    side: sideOf(entrant),
    spread: results.of(name, entrant.label, measure),
  }));
}

const LABELS = 236;
const VALUES = 76;
const LEFT = MARGIN + LABELS;
const RIGHT = WIDTH - MARGIN - VALUES;
const TOP = 76;
const BAR = 16;
const PITCH = 25;
const HEADING = 34;
const AXIS = 30;

/** Horizontal bars from zero, all on one scale. */
export function barPlot(title: string, subtitle: string, groups: readonly BarGroup[]): string {
  const most = Math.max(1e-9, ...groups.flatMap(({ bars }) => bars.map(({ spread }) => spread?.max ?? 0)));
  const { end, step } = niceScale(most);
  const x = (value: number): number => LEFT + ((RIGHT - LEFT) * value) / end;
  const parts: string[] = [];
  let y = TOP;
  for (const { heading, bars } of groups) {
    if (heading !== undefined) {
      parts.push(text(MARGIN, y + 16, heading, { weight: 600, size: 13 }));
      y += HEADING;
    }
    for (const { label, side, spread } of bars) {
      parts.push(...drawBar(y, label, side, spread, x));
      y += PITCH;
    }
    y += 6;
  }
  const grid: string[] = [];
  for (let value = 0; value <= end + step / 2; value += step) {
    grid.push(line(x(value), TOP - 6, x(value), y, 'class="rule"'));
    grid.push(text(x(value), y + 16, value.toLocaleString('en-US'), { tone: 'soft', anchor: 'middle', size: 11 }));
  }
  return picture(y + AXIS, title, `${subtitle}; thin line: least to most of all rounds`, [...grid, ...parts]);
}

function drawBar(
  y: number,
  label: string,
  side: Side,
  spread: Spread | undefined,
  x: (value: number) => number,
): string[] {
  const middle = y + BAR / 2;
  const parts = [text(LEFT - 10, middle + 4, label, { anchor: 'end' })];
  if (spread === undefined) return [...parts, text(LEFT + 8, middle + 4, 'not measured', { tone: 'soft' })];
  const { median, min, max } = spread;
  parts.push(bar(LEFT, y, x(median) - LEFT, BAR, side));
  if (max > min) parts.push(line(x(min), middle, x(max), middle, 'class="range" stroke-width="1.5"'));
  parts.push(text(x(max) + 8, middle + 4, showNumber(median), { weight: side === 'bullpen' ? 600 : 400, halo: true }));
  return parts;
}
