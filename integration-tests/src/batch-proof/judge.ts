import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkAdded, checkCounts, checkFates } from './check-books.js';
import { checkLeft } from './check-left.js';
import { checkRuns } from './check-runs.js';
import type { Facts } from './facts.js';
import { type RunSetting, runScenario } from './run.js';
import type { Scenario } from './scenario.js';

/** A run with the verdict of the rules. */
export interface JudgedRun {
  readonly facts: Facts;
  readonly seed: number;
  readonly folder: string;
  readonly durationMs: number;
  readonly startedAgain: number;
  readonly completedAgain: number;
  /** The violations, in words. */
  readonly violations: readonly string[];
}

/** Judges a run by its facts. */
export function check(facts: Facts): Pick<JudgedRun, 'violations' | 'startedAgain' | 'completedAgain'> {
  const { wrong, startedAgain, completedAgain } = checkRuns(facts);
  const restless = facts.restless === undefined ? [] : [`the batch did not come to rest: ${facts.restless}`];
  // It was told to stop before Node listened for signals: it printed nothing, and had no job.
  const wasUnborn = ({ signal, log }: Facts['workers'][number]): boolean => signal === 'SIGTERM' && log.length === 0;
  const strange = facts.workers.filter((life) => life.code !== 0 && life.signal !== 'SIGKILL' && !wasUnborn(life));
  const exits = strange.map(({ pid, code, signal }) => `worker ${pid} ended with ${signal ?? code}`);
  return {
    violations: [
      ...restless,
      ...exits,
      ...[checkCounts, checkFates, checkAdded, checkLeft].flatMap((rule) => rule(facts)),
      ...wrong,
    ],
    ...{ startedAgain, completedAgain },
  };
}

/** Runs a scenario and judges it. The run's folder stays when there is something to look into. */
export async function judge(scenario: Scenario, setting: RunSetting & { readonly keep?: boolean }): Promise<JudgedRun> {
  const folder = join(setting.folder, `${scenario.name}-${setting.rowsPerJob}`);
  const beganAt = performance.now();
  const facts = await runScenario(scenario, { ...setting, folder });
  const verdict = check(facts);
  if (verdict.violations.length === 0 && setting.keep !== true) await rm(folder, { recursive: true, force: true });
  return { ...verdict, facts, folder, seed: setting.seed, durationMs: performance.now() - beganAt };
}
