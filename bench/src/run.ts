import type { Circumstances } from './circumstances.js';
import { openArena } from './running/arena.js';
import { type Outcome, runHeats } from './running/run-heats.js';
import { SCENARIOS } from './scenarios/scenarios.js';
import type { ScenarioName, Settings } from './settings.js';

/** A run that is over, with everything that its results are made of. */
export interface Run {
  readonly settings: Settings;
  readonly circumstances: Circumstances;
  /** For example `redis-server 7.0.15`. */
  readonly redis: string;
  readonly minutes: number;
  readonly outcomes: readonly (Outcome & { readonly scenario: ScenarioName })[];
}

/**
 * Runs the scenarios that were asked for, on one Redis. A signal ends the run and closes
 * everything; then the answer is undefined.
 */
export async function runBench(settings: Settings, circumstances: Circumstances): Promise<Run | undefined> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const startedAt = performance.now();
  const arena = await openArena();
  try {
    const outcomes: (Outcome & { scenario: ScenarioName })[] = [];
    for (const scenario of settings.scenarios) {
      const { heats, maxRounds = settings.rounds } = SCENARIOS[scenario](settings.scale);
      const rounds = Math.min(settings.rounds, maxRounds);
      outcomes.push({ scenario, ...(await runHeats(arena, heats, rounds, stop.signal)) });
    }
    return { settings, circumstances, redis: arena.redis, minutes: (performance.now() - startedAt) / 60_000, outcomes };
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw error;
  } finally {
    await arena.close();
  }
}
