import { baseOf, type Heat } from '../running/heat.js';
import { barPlot, barsOf } from './bar-plot.js';
import { type Measure, ownCpuPerRow, type Results, rate, redisCpuPerRow } from './results.js';
import type { Plot } from './section.js';
import { showMedian, showRatio, table } from './show.js';
import { type Side, type Spread, sideOfOne } from './spread.js';

/** How a ratio of speeds is called. */
const WORDS: Record<Side, string> = { above: 'faster', below: 'slower', level: 'level' };

/**
 * The table of a heat: speed, and what Node and Redis spend, each beside its ratio to the
 * entrant's baseline.
 */
export function compareTable(heat: Heat, results: Results, heading: string = heat.name): string {
  return table(
    [heading, 'rows/s', 'ratio (95 %)', '', 'Node µs per row', 'ratio', 'Redis µs per row', 'ratio'],
    heat.entrants.map((entrant) => {
      const { label } = entrant;
      const of = (measure: Measure) => showMedian(results.of(heat.name, label, measure));
      const to = (measure: Measure) => results.ratio(heat.name, label, baseOf(heat, entrant), measure);
      const speed = to(rate);
      const costOf = (measure: Measure) => [of(measure), showMedian(to(measure))];
      return [
        label,
        of(rate),
        showRatio(speed),
        label === baseOf(heat, entrant) ? '' : wordOf(speed),
        ...costOf(ownCpuPerRow),
        ...costOf(redisCpuPerRow),
      ];
    }),
  );
}

function wordOf(speed: Spread | undefined): string {
  const side = speed && sideOfOne(speed);
  return side === undefined ? '' : WORDS[side];
}

/** A plot with a group of bars for each heat. */
export function comparePlot(
  file: string,
  title: string,
  subtitle: string,
  heats: readonly Heat[],
  results: Results,
  measure: Measure,
): Plot {
  const groups = heats.map((heat) => ({ heading: heat.name, bars: barsOf(heat, results, measure) }));
  return { file, svg: barPlot(title, subtitle, groups), alt: `${title}: ${subtitle}` };
}
