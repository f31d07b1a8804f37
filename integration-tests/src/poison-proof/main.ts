#!/usr/bin/env node
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisProgram } from '@bullpen/dev-redis';
import { Command } from 'commander';
import { runProgram } from '../support/run-program.js';
import { wholeNumber } from '../support/whole-number.js';
import { type Round, runRound } from './round.js';

interface Flags {
  readonly seed?: number;
  readonly jobs: number;
  readonly workers: number;
  readonly concurrency: number;
}

/** The last innocent job may be completed that much later than in a fleet without poison. */
const MOST_TIMES = 2.5;

const program = new Command('proof:poison')
  .description(
    'Runs a fleet on jobs of 1 to 5 s twice, the second time with one among them that kills its process, and proves that it alone fails and holds the others up for a time only.',
  )
  .option('--seed <n>', 'how long each job takes; default a random one', wholeNumber)
  .option('--jobs <n>', 'how many innocent jobs there are', wholeNumber, 500)
  .option('--workers <n>', 'how many processes the fleet has', wholeNumber, 3)
  .option('--concurrency <n>', 'of each process', wholeNumber, 20)
  .addHelpText('after', '\nExit codes: 0 proved, 1 not, 64 usage, 69 no redis-server to be found, 70 anything else.')
  .exitOverride()
  .allowExcessArguments(false);

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function describe(name: string, { lastMs, innocentsFailed, repeats, deaths, poison }: Round): void {
  print(`${name}: the last innocent job after ${seconds(lastMs)}, ${innocentsFailed} failed, ${repeats} repeated`);
  if (poison !== undefined) print(`  the poison job killed ${deaths} processes and ended as: ${poison}`);
}

/** What is wrong with a round that had a poison job in it. */
function faults({ innocentsFailed, poison }: Round, times: number): string[] {
  return [
    ...(innocentsFailed > 0 ? [`${innocentsFailed} innocent jobs failed`] : []),
    ...(poison?.startsWith('JobCrashed') ? [] : [`the poison job ended as ${poison}`]),
    ...(times > MOST_TIMES ? [`it took ${times.toFixed(2)} times as long, and may take ${MOST_TIMES}`] : []),
  ];
}

async function main(): Promise<number> {
  program.parse();
  const { seed = randomInt(1, 2 ** 30), ...fleet } = program.opts<Flags>();
  const redis = await findRedisProgram();
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-poison-'));
  print(`proof of poison: ${fleet.jobs} jobs, ${fleet.workers} workers, seed ${seed}`);
  const without = await runRound({ ...fleet, seed, folder, program: redis, isPoisoned: false });
  describe('without poison', without);
  const poisoned = await runRound({ ...fleet, seed, folder, program: redis, isPoisoned: true });
  describe('with poison', poisoned);
  const times = poisoned.lastMs / without.lastMs;
  print(`${times.toFixed(2)} times as long`);
  const found = faults(poisoned, times);
  for (const fault of found) print(`  FAULT: ${fault}`);
  if (found.length === 0) await rm(folder, { recursive: true, force: true });
  else print(`  ledgers and the data of Redis: ${folder}`);
  return found.length > 0 ? 1 : 0;
}

await runProgram('proof:poison', main);
