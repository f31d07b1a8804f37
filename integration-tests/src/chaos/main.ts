#!/usr/bin/env node
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisProgram } from '@bullpen/dev-redis';
import { Command, InvalidArgumentError } from 'commander';
import { runProgram } from '../support/run-program.js';
import { FAULT_KINDS, type FaultKind } from './fault.js';
import { judge } from './judge.js';
import { makePlan } from './plan.js';
import { describe, type JudgedRun, numbersOf, type RunNumbers, summarize } from './report.js';

interface Flags {
  readonly seed?: number;
  readonly runs: number;
  readonly parallel: number;
  readonly keep: boolean;
  readonly faults: readonly FaultKind[];
}

const MOST = 2 ** 31 - 1;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= 1 && value <= MOST) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

function faultKinds(text: string): readonly FaultKind[] {
  const kinds = text.split(',').map((kind) => kind.trim());
  const wrong = kinds.find((kind) => !FAULT_KINDS.some((known) => known === kind));
  if (wrong === undefined) return kinds as FaultKind[];
  throw new InvalidArgumentError(`There is no fault '${wrong}'.`);
}

const program = new Command('chaos')
  .description(
    'Kills, stops and cuts off workers, a producer and Redis, and proves from records outside the queue that nothing was lost.',
  )
  .option('--seed <n>', 'the first seed; the same seed makes the same plan (default: a random one)', wholeNumber)
  .option('--runs <n>', 'how many runs, each with the next seed', wholeNumber, 1)
  .option('--parallel <n>', 'how many runs at once', wholeNumber, 1)
  .option(
    '--faults <kinds>',
    `only these kinds, with commas between them: ${FAULT_KINDS.join(', ')}`,
    faultKinds,
    FAULT_KINDS,
  )
  .option('--keep', 'keep the files of clean runs too', false)
  .addHelpText(
    'after',
    '\nExit codes: 0 clean, 1 violations, 64 usage, 69 no redis-server to be found, 70 anything else.',
  )
  .exitOverride()
  .allowExcessArguments(false);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Everything that is known of a run that was not clean. */
function tell({ seed, folder, violations, explained }: JudgedRun, faults: readonly FaultKind[]): void {
  const only = faults === FAULT_KINDS ? '' : ` --faults ${faults.join(',')}`;
  print(`  replay with: pnpm chaos --seed ${seed}${only}`);
  print(`  plan, ledger and logs: ${folder}`);
  for (const fault of makePlan(seed, faults).faults) print(`  planned: ${JSON.stringify(fault)}`);
  for (const { kind, says } of explained) print(`  allowed, ${kind}: ${says}`);
  for (const { kind, says } of violations) print(`  VIOLATION, ${kind}: ${says}`);
}

async function main(): Promise<number> {
  program.parse();
  const { seed: first = randomInt(1, 2 ** 30), runs, parallel, keep, faults } = program.opts<Flags>();
  const redis = await findRedisProgram();
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-chaos-'));
  print(`chaos: ${runs} run(s) from seed ${first}, ${parallel} at once`);
  const numbers: RunNumbers[] = [];
  let [next, dirty, broken] = [first, 0, 0];
  const work = async (): Promise<void> => {
    while (next < first + runs) {
      const seed = next;
      next += 1;
      const run = await judge(makePlan(seed, faults), { program: redis, folder, keep }).catch((error: unknown) => {
        // A run that could not be made must not end hundreds of others.
        print(`seed ${seed} · could not be run: ${error instanceof Error ? error.message : String(error)}`);
        broken += 1;
      });
      if (run === undefined) continue;
      print(describe(run));
      if (run.violations.length > 0) {
        dirty += 1;
        tell(run, faults);
      }
      numbers.push(numbersOf(run));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, runs) }, work));
  } finally {
    if (dirty + broken === 0 && !keep) await rm(folder, { recursive: true, force: true });
  }
  print(summarize(numbers));
  if (broken > 0) print(`${broken} run(s) could not be made; see ${folder}`);
  if (dirty > 0) return 1;
  return broken > 0 ? 70 : 0;
}

await runProgram('chaos', main);
