import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedisProgram } from '@bullpen/dev-redis';
import { test as base, describe, expect } from 'vitest';
import { isAlive } from '../support/child.js';
import { OLD_FAULTS } from './broken/old-faults.js';
import { putBack } from './broken/put-back.js';
import { FAULT_KINDS, type FaultKind } from './fault.js';
import { type Court, judge } from './judge.js';
import { makePlan } from './plan.js';
import type { JudgedRun } from './report.js';

const broken = (name: string): { handlers: string } => ({
  handlers: fileURLToPath(new URL(`../../dist/chaos/broken/${name}.js`, import.meta.url)),
});

/**
 * Runs chaos in a folder of its own. When the test ends, every process of the run has ended and the
 * folder is gone.
 */
const test = base.extend<{
  chaos: (seed: number, kinds: readonly FaultKind[], broken?: Pick<Court, 'handlers' | 'env'>) => Promise<JudgedRun>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern
  chaos: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'bullpen-chaos-test-'));
    const program = await findRedisProgram();
    const judged: JudgedRun[] = [];
    try {
      await use(async (seed, kinds, broken) => {
        const run = await judge(makePlan(seed, kinds), { program, folder, ...broken });
        judged.push(run);
        return run;
      });
      const left = judged.flatMap(({ facts }) => facts.lives).filter(({ pid }) => isAlive(pid));
      expect(left.map(({ pid }) => pid)).toEqual([]);
      const dirty = judged.filter(({ violations }) => violations.length > 0).map(({ seed }) => `seed-${seed}`);
      expect(readdirSync(folder).sort()).toEqual(dirty.sort());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/**
 * These seeds together have every fault, poison included. Other seeds would do; these make the same
 * plans every time.
 */
const SEEDS = [1, 6, 11, 16, 32];

/** A fault shows more when no other fault covers it up. */
const ALONE: readonly (readonly FaultKind[])[] = [
  ...([['term', 'double-term', 'spin'], ['cut', 'cut-in-reply', 'batch'], ['black-hole']] as const),
  ...([
    ['freeze', 'block'],
    ['cancel', 'redis-full'],
    ['slow-poison', 'stale-lease'],
    ['redis-acl', 'cut-blocking'],
    ['skewed-clock', 'redis-flush'],
  ] as const),
];

describe('whatever is killed, frozen or cut off', () => {
  for (const seed of SEEDS) {
    test.concurrent(`seed ${seed}: no job is lost, invented, spent or forgotten`, async ({ chaos, expect: the }) => {
      const { violations } = await chaos(seed, FAULT_KINDS);
      the(violations).toEqual([]);
    }, 120_000);
  }
});

describe('whatever happens alone', () => {
  for (const kinds of ALONE) {
    test.concurrent(`${kinds.join(', ')}: no job is lost, invented, spent or forgotten`, async ({
      chaos,
      expect: the,
    }) => {
      const { violations } = await chaos(20, kinds);
      the(violations).toEqual([]);
    }, 120_000);
  }
});

describe('the checker convicts', () => {
  test.concurrent('a worker that acknowledges before the work is done', async ({ chaos, expect: the }) => {
    const { violations } = await chaos(2, ['term'], broken('acknowledges-first'));
    the(new Set(violations.map(({ kind }) => kind))).toContain('phantom');
    the(violations.map(({ says }) => says).join('\n')).toContain('before its work was done');
  }, 120_000);

  test.concurrent('a worker that forgets to hand back', async ({ chaos, expect: the }) => {
    const { violations } = await chaos(1, ['term'], broken('forgets-to-hand-back'));
    the(new Set(violations.map(({ kind }) => kind))).toContain('exit code');
    the(violations.map(({ says }) => says).join('\n')).toMatch(
      /ended with code 0 at .*: it never said what became of its attempts/,
    );
  }, 120_000);

  // `pnpm proof:chaos` has all of them.
  for (const name of ['cancellation-is-forgotten', 'host-clock'] as const) {
    const { says, seed, kinds, convicted } = OLD_FAULTS[name];
    test.concurrent(`an old fault: ${says}`, async ({ chaos, expect: the }) => {
      const { violations } = await chaos(seed, kinds, { env: putBack(name) });
      const found = violations.filter(({ kind }) => kind === convicted.kind).map((violation) => violation.says);
      the(found.join('\n'), JSON.stringify(violations)).toMatch(convicted.says);
    }, 120_000);
  }
});
