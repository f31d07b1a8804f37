import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisProgram } from '@bullpen/dev-redis';
import { test as base, describe } from 'vitest';
import { judge } from '../batch-proof/judge.js';
import { describe as inALine } from '../batch-proof/report.js';
import { SCENARIOS } from '../batch-proof/scenario.js';
import { isAlive } from '../support/child.js';

/**
 * Kills never come at the same instant twice, whatever the seed is: so each run has another seed,
 * unless PROOF_SEED names one.
 */
const SEED = Number(process.env['PROOF_SEED'] ?? randomInt(1, 2 ** 30));
const SMALL = { seed: SEED, rows: 3_000, kills: 5 };

/**
 * Runs a scenario in a folder of its own. When the test ends, every process of the run has ended
 * and the folder is gone.
 */
const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'bullpen-proof-test-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
});

const RUNS = [
  { name: 'kills', rowsPerJob: 1 },
  { name: 'two-producers', rowsPerJob: 100 },
  { name: 'worker-kills', rowsPerJob: 100 },
] as const;

describe(`a batch through kills, seed ${SEED}: no row is lost, added twice or forgotten`, () => {
  for (const { name, rowsPerJob } of RUNS) {
    test.concurrent(`${name}, ${rowsPerJob} per job`, async ({ folder, expect }) => {
      const scenario = SCENARIOS.find((one) => one.name === name);
      if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
      const run = await judge(scenario, { ...SMALL, program: await findRedisProgram(), folder, rowsPerJob });
      process.stderr.write(`proof of batches, seed ${SEED}: ${inALine(run)}\n`);
      expect(run.violations, `seed ${SEED}`).toEqual([]);
      expect(run.facts.workers.filter(({ pid }) => isAlive(pid))).toEqual([]);
    }, 120_000);
  }
});
