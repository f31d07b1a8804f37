#!/usr/bin/env node
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisProgram } from '@bullpen/dev-redis';
import { Command, InvalidArgumentError } from 'commander';
import { runProgram } from '../support/run-program.js';
import { type JudgedRun, judge } from './judge.js';
import { describe } from './report.js';
import { SCENARIOS, type Scenario } from './scenario.js';

interface Flags {
  readonly seed?: number;
  readonly rows: number;
  readonly kills: number;
  readonly scenario?: readonly Scenario[];
  readonly rowsPerJob?: number;
  readonly keep: boolean;
}

const wholeNumber =
  (most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
  };

const NAMES = SCENARIOS.map(({ name }) => name).join(', ');

function scenarios(text: string): readonly Scenario[] {
  return text.split(',').map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name.trim());
    if (found === undefined) throw new InvalidArgumentError(`There is no scenario '${name}'; there are ${NAMES}.`);
    return found;
  });
}

const program = new Command('proof:batches')
  .description(
    'Kills producers, workers and Redis while a batch is enqueued and attempted, and proves from records outside Redis that no row was lost, added twice or forgotten.',
  )
  .option('--seed <n>', 'plans rows and kills; default a random one', wholeNumber(2 ** 31 - 1))
  .option('--rows <n>', 'how many rows the batch has', wholeNumber(10_000_000), 100_000)
  .option('--kills <n>', 'how many kills to plan; of Redis a fifth of that', wholeNumber(10_000), 100)
  .option('--scenario <names>', `only these, with commas between them; default all: ${NAMES}`, scenarios)
  .option('--rows-per-job <n>', 'how many rows share a job; default once with 1 and once with 100', wholeNumber(1_000))
  .option('--keep', 'keep the files of clean runs too', false)
  .addHelpText(
    'after',
    '\nExit codes: 0 clean, 1 violations, 64 usage, 69 no redis-server to be found, 70 anything else.',
  )
  .exitOverride()
  .allowExcessArguments(false);

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const MAX_LISTED = 20;

/** Everything that is known of a run that was not clean. */
function tell({ violations, folder }: JudgedRun): void {
  for (const says of violations.slice(0, MAX_LISTED)) print(`  VIOLATION: ${says}`);
  if (violations.length > MAX_LISTED) print(`  … and ${violations.length - MAX_LISTED} more`);
  print(`  source, ledger, logs and the data of Redis: ${folder}`);
}

async function main(): Promise<number> {
  program.parse();
  const { seed = randomInt(1, 2 ** 30), rows, kills, scenario = SCENARIOS, rowsPerJob, keep } = program.opts<Flags>();
  const redis = await findRedisProgram();
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-proof-'));
  print(`proof of batches: ${rows} rows, ${kills} kills, seed ${seed}`);
  let dirty = 0;
  for (const shared of rowsPerJob === undefined ? [1, 100] : [rowsPerJob]) {
    for (const one of scenario) {
      const run = await judge(one, { program: redis, folder, seed, rows, kills, rowsPerJob: shared, keep });
      print(describe(run));
      if (run.violations.length === 0) continue;
      dirty += 1;
      tell(run);
    }
  }
  if (dirty === 0 && !keep) await rm(folder, { recursive: true, force: true });
  return dirty > 0 ? 1 : 0;
}

await runProgram('proof:batches', main);
