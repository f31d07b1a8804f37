import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisProgram } from '@bullpen/dev-redis';
import { check } from './check/check.js';
import type { Plan } from './planned.js';
import type { JudgedRun } from './report.js';
import { HANDLERS, runPlan } from './run.js';

/** How runs are made. */
export interface Court {
  readonly program: RedisProgram;
  /** Each run gets a folder of its own in here. */
  readonly folder: string;
  /** Keep a run's folder even when it was clean. */
  readonly keep?: boolean;
  /** Default: the chaos handlers. */
  readonly handlers?: string;
  /** The environment of every process of Bullpen: it may put an old fault back. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs one plan and judges it. The run's folder stays when there is something to look into. */
export async function judge(
  plan: Plan,
  { program, folder, keep, handlers = HANDLERS, env = {} }: Court,
): Promise<JudgedRun> {
  const own = join(folder, `seed-${plan.seed}`);
  const beganAt = performance.now();
  const facts = await runPlan(plan, { program, folder: own, handlers, env });
  const verdict = check(facts);
  // To be judged again when the checker has learned something.
  await writeFile(join(own, 'facts.json'), JSON.stringify(facts));
  if (verdict.violations.length === 0 && keep !== true) await rm(own, { recursive: true, force: true });
  return { seed: plan.seed, durationMs: performance.now() - beganAt, folder: own, facts, ...verdict };
}
