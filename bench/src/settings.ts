import { parseArgs } from 'node:util';
import { DECISIVE_ROUNDS } from './report/spread.js';

/** The scenarios of RESULTS.md, in the order in which they run. */
const COMPARED = ['enqueue', 'process', 'latency', 'idle', 'start-up', 'memory', 'rss'] as const;
const SCENARIO_NAMES = [...COMPARED, 'growth'] as const;
/** One of {@link SCENARIO_NAMES}. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** Growth has a page of its own: it compares Bullpen with itself, and takes long. */
const GROWTH_ROUNDS = 3;

/** What this run does. */
export interface Settings {
  readonly scenarios: readonly ScenarioName[];
  readonly rounds: number;
  /** Every count of rows is multiplied by this. */
  readonly scale: number;
  /** The page that a run in full size writes. */
  readonly page: 'RESULTS.md' | 'GROWTH.md';
  /** Why this is only a trial, whatever the machine: nothing when it may be published. */
  readonly trial: readonly string[];
}

/**
 * What the command line and the environment ask for: a run, or the results of the last run again.
 */
export interface Asked {
  readonly settings: Settings;
  readonly again: boolean;
}

/**
 * Reads the command line (scenarios to run; none means all but `growth`; or `--again`) and
 * `BENCH_ROUNDS` (default 9, of `growth` 3) and `BENCH_SCALE` (default 1).
 * @throws Error that says what is wrong
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Asked {
  const options = { again: { type: 'boolean', default: false } } as const;
  const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
  for (const name of positionals) {
    if (!SCENARIO_NAMES.includes(name as ScenarioName))
      throw new Error(`there is no scenario '${name}'; there are ${SCENARIO_NAMES.join(', ')}`);
  }
  const isGrowth = positionals.includes('growth');
  if (isGrowth && positionals.length > 1)
    throw new Error('growth has a page of its own: run it alone, and the other scenarios after it');
  const scenarios = positionals.length === 0 ? COMPARED : SCENARIO_NAMES.filter((name) => positionals.includes(name));
  const least = isGrowth ? GROWTH_ROUNDS : DECISIVE_ROUNDS;
  const rounds = Number(environment['BENCH_ROUNDS'] ?? least);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS: expected a whole number from 1');
  const scale = Number(environment['BENCH_SCALE'] ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new Error('BENCH_SCALE: expected a number above 0, at most 1');
  const trial = [
    ...(isGrowth || scenarios.length === COMPARED.length ? [] : ['not every scenario']),
    ...(scale === 1 ? [] : [`scale ${scale}`]),
    ...(rounds >= least ? [] : [`fewer than ${least} rounds`]),
  ];
  const page = isGrowth ? 'GROWTH.md' : 'RESULTS.md';
  return { settings: { scenarios, rounds, scale, page, trial }, again: values.again };
}

/** A count of rows at this run's scale, in whole hundreds, so that jobs of 100 rows are full. */
export const scaled = (rows: number, scale: number): number => Math.max(100, Math.round((rows * scale) / 100) * 100);
