import type { Side } from '../running/heat.js';
import type { Spread } from './results.js';
import { line, MARGIN, niceScale, picture, round, text, WIDTH } from './svg.js';

/** A line of medians at several sizes, each with a thin line from its minimum to its maximum. */
export interface Series {
  readonly label: string;
  readonly side: Side;
  readonly points: readonly { readonly at: number; readonly spread: Spread | undefined }[];
}

const HEIGHT = 320;
const LEFT = MARGIN + 36;
const RIGHT = WIDTH - MARGIN - 150;
const TOP = 84;
const BOTTOM = HEIGHT - 56;

/** Lines over a logarithmic axis of sizes; the values start at zero. */
export function linePlot(title: string, subtitle: string, sizes: string, series: readonly Series[]): string {
  const ats = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted((a, b) => a - b);
  const most = Math.max(1e-9, ...series.flatMap(({ points }) => points.map(({ spread }) => spread?.max ?? 0)));
  const { end, step } = niceScale(most);
  const y = (value: number): number => BOTTOM - ((BOTTOM - TOP) * value) / end;
  const first = Math.log(ats[0] ?? 1);
  const span = Math.log(ats.at(-1) ?? 1) - first || 1;
  const x = (at: number): number => LEFT + 20 + ((RIGHT - LEFT - 40) * (Math.log(at) - first)) / span;

  const parts: string[] = [];
  for (let value = 0; value <= end + step / 2; value += step) {
    parts.push(line(LEFT, y(value), RIGHT, y(value), 'class="rule"'));
    parts.push(text(LEFT - 8, y(value) + 4, value.toLocaleString('en-US'), { tone: 'soft', anchor: 'end', size: 11 }));
  }
  for (const at of ats)
    parts.push(text(x(at), BOTTOM + 18, at.toLocaleString('en-US'), { tone: 'soft', anchor: 'middle', size: 11 }));
  parts.push(text((LEFT + RIGHT) / 2, BOTTOM + 38, sizes, { tone: 'soft', anchor: 'middle' }));
  for (const { side, points } of series) parts.push(...drawSeries(side, points, x, y));
  parts.push(...drawLabels(series, y));
  return picture(HEIGHT, title, `${subtitle}; thin line: least to most of all rounds`, parts);
}

function drawSeries(
  side: Side,
  points: Series['points'],
  x: (at: number) => number,
  y: (value: number) => number,
): string[] {
  const known = points.flatMap(({ at, spread }) => (spread === undefined ? [] : [{ at, spread }]));
  const path = known.map(({ at, spread }) => `${round(x(at))},${round(y(spread.median))}`).join(' ');
  return [
    `<polyline class="line-${side}" points="${path}" fill="none" stroke-width="2"/>`,
    ...known.flatMap(({ at, spread }) => [
      line(x(at), y(spread.min), x(at), y(spread.max), `class="line-${side}" stroke-width="1.5"`),
      `<circle class="${side}" cx="${round(x(at))}" cy="${round(y(spread.median))}" r="4"/>`,
    ]),
  ];
}

/**
 * The name of each line at its end; names of lines that end close together stand below each other.
 */
function drawLabels(series: readonly Series[], y: (value: number) => number): string[] {
  let lowest = Number.NEGATIVE_INFINITY;
  return series
    .flatMap(({ label, side, points }) => {
      const last = points.at(-1)?.spread;
      return last === undefined ? [] : [{ label, side, at: y(last.median) + 4 }];
    })
    .toSorted((a, b) => a.at - b.at)
    .map(({ label, side, at }) => {
      lowest = Math.max(at, lowest + 16);
      return text(RIGHT + 4, lowest, label, { weight: side === 'bullpen' ? 600 : 400 });
    });
}
