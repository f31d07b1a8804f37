import { setTimeout as sleep } from 'node:timers/promises';
import { type Arena, openArena } from './arena.js';
import type { Entrant, Heat, Sample } from './heat.js';
import { runContender } from './run-contender.js';

/** What was measured, and what failed. */
export interface Outcome {
  readonly samples: Sample[];
  readonly failures: string[];
}

/**
 * Runs every round of every heat. In each round the entrants run in turn, and another entrant is
 * first each time: a machine that is slow for a while slows all of them. An entrant that fails is
 * reported, and the others go on.
 */
export async function runHeats(
  arena: Arena,
  heats: readonly Heat[],
  rounds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome: Outcome = { samples: [], failures: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, entrants, sideBySide = false, weighsRedis = false } of heats) {
      const run = async (entrant: Entrant, on: Arena): Promise<void> => {
        const where = `${name}, round ${round} of ${rounds}, ${entrant.label}`;
        try {
          const measured = await runEntrant(on, entrant, weighsRedis, signal);
          outcome.samples.push({ heat: name, label: entrant.label, round, ...measured });
          process.stderr.write(`${where}: ${summaryOf(measured)}\n`);
        } catch (error) {
          if (signal.aborted) throw error;
          const failure = `${where}: ${error instanceof Error ? error.message : String(error)}`;
          outcome.failures.push(failure);
          process.stderr.write(`${failure}\n`);
        }
      };
      if (sideBySide) await Promise.all(entrants.map((entrant) => inArenaOfItsOwn((own) => run(entrant, own))));
      else for (const entrant of rotate(entrants, round - 1)) await run(entrant, arena);
    }
  }
  return outcome;
}

async function inArenaOfItsOwn(run: (arena: Arena) => Promise<void>): Promise<void> {
  const arena = await openArena();
  try {
    await run(arena);
  } finally {
    await arena.close();
  }
}

async function runEntrant(
  arena: Arena,
  entrant: Entrant,
  weighsRedis: boolean,
  signal: AbortSignal,
): Promise<Omit<Sample, 'heat' | 'label' | 'round'>> {
  await arena.clear();
  for (const step of entrant.before ?? []) {
    await runContender(arena, { ...step, onNode24: entrant.onNode24 ?? false }, signal);
    await arena.settle();
  }
  if (!weighsRedis) return runContender(arena, entrant, signal);
  const bytesBefore = await arena.usedMemory();
  const measured = await runContender(arena, entrant, signal);
  // Redis frees the buffers of a connection, and tables that were outgrown, a moment later.
  await sleep(200);
  return { ...measured, redisBytes: (await arena.usedMemory()) - bytesBefore };
}

function summaryOf({
  rows,
  ms,
  ownCpuUs,
  redisCpuUs,
}: Pick<Sample, 'rows' | 'ms' | 'ownCpuUs' | 'redisCpuUs'>): string {
  const perRow = (us: number): string => (us / rows).toFixed(1);
  const rate = Math.round((rows / ms) * 1000).toLocaleString('en-US');
  return `${rate} rows/s; per row ${perRow(ownCpuUs)} µs of Node, ${perRow(redisCpuUs)} µs of Redis`;
}

function rotate<T>(entrants: readonly T[], by: number): T[] {
  const first = by % entrants.length;
  return [...entrants.slice(first), ...entrants.slice(0, first)];
}
