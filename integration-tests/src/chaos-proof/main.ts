#!/usr/bin/env node
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisProgram, type RedisProgram } from '@bullpen/dev-redis';
import { Command, InvalidArgumentError } from 'commander';
import type { OldFault } from '../chaos/broken/old-fault.js';
import { OLD_FAULTS, type OldFaultName } from '../chaos/broken/old-faults.js';
import { putBack } from '../chaos/broken/put-back.js';
import { judge } from '../chaos/judge.js';
import { makePlan } from '../chaos/plan.js';
import { runProgram } from '../support/run-program.js';
import { wholeNumber } from '../support/whole-number.js';

interface Flags {
  readonly only: readonly OldFaultName[];
  readonly seed?: number;
}

const NAMES = Object.keys(OLD_FAULTS) as OldFaultName[];

function names(text: string): readonly OldFaultName[] {
  const given = text.split(',').map((name) => name.trim());
  const wrong = given.find((name) => !NAMES.some((known) => known === name));
  if (wrong === undefined) return given as OldFaultName[];
  throw new InvalidArgumentError(`There is no old fault '${wrong}'. There are: ${NAMES.join(', ')}.`);
}

const program = new Command('proof:chaos')
  .description(
    'Puts old faults back into real workers and producers, one at a time, and proves that chaos finds each, and finds nothing in the same run without it.',
  )
  .option('--only <names>', `only these faults, with commas between them: ${NAMES.join(', ')}`, names, NAMES)
  .option('--seed <n>', 'another plan than the one of each fault, which is known to bring it to light', wholeNumber)
  .addHelpText('after', '\nExit codes: 0 proved, 1 not, 64 usage, 69 no redis-server to be found, 70 anything else.')
  .exitOverride()
  .allowExcessArguments(false);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Answers what is wrong with the judgement of two runs of one plan, without the fault and with it. */
async function prove(name: OldFaultName, fault: OldFault, redis: RedisProgram, folder: string): Promise<string[]> {
  const { kinds, seed, convicted } = fault;
  const plan = makePlan(seed, kinds);
  const honest = await judge(plan, { program: redis, folder: join(folder, name, 'honest') });
  const broken = await judge(plan, { program: redis, folder: join(folder, name, 'broken'), env: putBack(name) });
  const found = broken.violations.filter(({ kind, says }) => kind === convicted.kind && convicted.says.test(says));
  const took = `${Math.round((honest.durationMs + broken.durationMs) / 1000)} s`;
  print(`${name}: ${fault.says} (${kinds.join(', ')}, seed ${seed}, ${took})`);
  print(`  with it: ${found.length} of ${broken.violations.length} violations say so. ${found[0]?.says ?? ''}`);
  print(`  without it: ${honest.violations.length} violations`);
  return [
    ...honest.violations.map(({ kind, says }) => `without the fault, ${kind}: ${says}`),
    ...(found.length > 0
      ? []
      : [
          `not found; there was: ${broken.violations.map(({ kind, says }) => `${kind}: ${says}`).join('; ') || 'nothing'}`,
        ]),
  ];
}

async function main(): Promise<number> {
  program.parse();
  const { only, seed } = program.opts<Flags>();
  const redis = await findRedisProgram();
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-chaos-proof-'));
  let wrong = 0;
  for (const name of only) {
    const fault: OldFault = OLD_FAULTS[name];
    const faults = await prove(name, seed === undefined ? fault : { ...fault, seed }, redis, folder);
    for (const says of faults) print(`  FAULT: ${says}`);
    wrong += faults.length;
  }
  if (wrong === 0) await rm(folder, { recursive: true, force: true });
  else print(`plans, ledgers and logs: ${folder}`);
  return wrong === 0 ? 0 : 1;
}

await runProgram('proof:chaos', main);
