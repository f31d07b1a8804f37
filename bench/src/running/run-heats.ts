import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.js';
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
    for (const heat of heats) {
      for (const entrant of rotate(heat.entrants, round - 1)) {
        const where = `${heat.name}, round ${round} of ${rounds}, ${entrant.label}`;
        try {
          const measured = await runEntrant(arena, entrant, signal);
          outcome.samples.push({ heat: heat.name, label: entrant.label, round, ...measured });
          const { rows, ms, ownCpuUs, redisCpuUs } = measured;
          const perRow = (us: number): string => (us / rows).toFixed(1);
          const rate = Math.round((rows / ms) * 1000).toLocaleString('en-US');
          process.stderr.write(
            `${where}: ${rate} rows/s; per row ${perRow(ownCpuUs)} µs of Node, ${perRow(redisCpuUs)} µs of Redis\n`,
          );
        } catch (error) {
          if (signal.aborted) throw error;
          const failure = `${where}: ${error instanceof Error ? error.message : String(error)}`;
          outcome.failures.push(failure);
          process.stderr.write(`${failure}\n`);
        }
      }
    }
  }
  return outcome;
}

async function runEntrant(arena: Arena, { contender, work, before }: Entrant, signal: AbortSignal) {
  await arena.clear();
  if (before !== undefined) {
    await runContender(arena, before.contender, before.work, signal);
    await arena.settle();
  }
  const bytesBefore = await arena.usedMemory();
  const measured = await runContender(arena, contender, work, signal);
  // Redis frees the buffers of a connection, and tables that were outgrown, a moment later.
  await sleep(200);
  return { ...measured, redisBytes: (await arena.usedMemory()) - bytesBefore };
}

function rotate<T>(entrants: readonly T[], by: number): T[] {
  const first = by % entrants.length;
  return [...entrants.slice(first), ...entrants.slice(0, first)];
}
