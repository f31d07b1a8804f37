import { parseArgs } from 'node:util';

/** The scenarios, in the order in which they run. */
const SCENARIO_NAMES = ['enqueue', 'file', 'process', 'memory', 'rss', 'backlog'] as const;
/** One of {@link SCENARIO_NAMES}. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** What this run does. */
export interface Settings {
  readonly scenarios: readonly ScenarioName[];
  readonly rounds: number;
  /** Every count of rows is multiplied by this. */
  readonly scale: number;
  /** Whether everything runs in full size: only then do the results replace the last ones. */
  readonly isComplete: boolean;
}

/**
 * What the command line and the environment ask for: a run, or the results of the last run again.
 */
export interface Asked {
  readonly settings: Settings;
  readonly again: boolean;
}

/**
 * Reads the command line (scenarios to run; none means all; or `--again`) and `BENCH_ROUNDS`
 * (default 5) and `BENCH_SCALE` (default 1).
 * @throws Error that says what is wrong
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Asked {
  const options = { again: { type: 'boolean', default: false } } as const;
  const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
  for (const name of positionals) {
    if (!SCENARIO_NAMES.includes(name as ScenarioName))
      throw new Error(`there is no scenario '${name}'; there are ${SCENARIO_NAMES.join(', ')}`);
  }
  const scenarios =
    positionals.length === 0 ? SCENARIO_NAMES : SCENARIO_NAMES.filter((name) => positionals.includes(name));
  const rounds = Number(environment['BENCH_ROUNDS'] ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS: expected a whole number from 1');
  const scale = Number(environment['BENCH_SCALE'] ?? 1);
  if (!(scale > 0 && scale <= 1)) throw new Error('BENCH_SCALE: expected a number above 0, at most 1');
  const isComplete = scale === 1 && scenarios.length === SCENARIO_NAMES.length;
  return { settings: { scenarios, rounds, scale, isComplete }, again: values.again };
}

/** A count of rows at this run's scale, in whole hundreds, so that jobs of 100 rows are full. */
export const scaled = (rows: number, scale: number): number => Math.max(100, Math.round((rows * scale) / 100) * 100);
