import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Task, Timed } from '../task.js';
import { rowsFile } from '../workload.js';
import type { Arena } from './arena.js';
import type { Entrant, Heat, Sample, Work } from './heat.js';

/** Nothing here takes so long; a contender that hangs must not hang the bench. */
const LONGEST_MS = 15 * 60_000;

/** What was measured, and what went wrong on the way. */
export interface Outcome {
  readonly samples: Sample[];
  readonly failures: string[];
}

/**
 * Runs every round of every heat. In each round the entrants run in turn, the first of them another one each time: a machine that slows down
 * for a while slows down all of them. An entrant that fails is reported and the others go on.
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
          const { rows, ms, redisCpuUs } = measured;
          const rate = Math.round((rows / ms) * 1000).toLocaleString('en-US');
          process.stderr.write(`${where}: ${rate} rows/s, ${(redisCpuUs / rows).toFixed(1)} µs of Redis per row\n`);
        } catch (error) {
          if (signal.aborted) throw error;
          const [reason] = String(error instanceof Error ? error.message : error).split('\n');
          outcome.failures.push(`${where}: ${reason}`);
          process.stderr.write(`${where}: FAILED, ${error instanceof Error ? error.message : String(error)}\n`);
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
  // Redis lets go of a connection's buffers, and of the keys that a table outgrew, a moment later.
  await sleep(200);
  return { ...measured, redisBytes: (await arena.usedMemory()) - bytesBefore };
}

type Told = Timed & { readonly rssMb: number };

/** One contender in a process of its own. Its log goes nowhere; what it measured comes on descriptor 3. */
async function runContender(arena: Arena, name: string, work: Work, signal: AbortSignal): Promise<Told> {
  const task = await taskOf(arena, work);
  const warmUp = work.warmUp === undefined ? undefined : await taskOf(arena, work.warmUp);
  const script = fileURLToPath(new URL('../contender.js', import.meta.url));
  const { stdio } = await execa(process.execPath, [script, name, JSON.stringify({ task, warmUp })], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    timeout: LONGEST_MS,
    cancelSignal: signal,
  });
  return JSON.parse(stdio[3] ?? '') as Told;
}

async function taskOf({ url, folder }: Arena, work: Work): Promise<Task> {
  const { kind, rows, fromFile = false, batch = 'bench', rowsPerJob = 1, concurrency = 1 } = work;
  const file = fromFile ? await rowsFile(folder, kind, rows) : '';
  return { redis: url, kind, rows, file, batch, rowsPerJob, concurrency };
}

function rotate<T>(entrants: readonly T[], by: number): T[] {
  const first = by % entrants.length;
  return [...entrants.slice(first), ...entrants.slice(0, first)];
}
