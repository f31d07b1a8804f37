import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Timed } from '../stopwatch.js';
import type { Task } from '../task.js';
import { rowsFile } from '../workload.js';
import type { Arena } from './arena.js';
import type { Work } from './heat.js';

/** No contender takes this long; a contender that hangs must not hang the bench. */
const MAX_MS = 15 * 60_000;

/** What its process reports: the times, and its peak memory. */
type Told = Timed & { readonly rssMb: number };

/**
 * Runs one contender in a process of its own. Its log is discarded; its measurements come on
 * descriptor 3.
 * @throws Error when it fails or hangs; standard error has its messages by then
 */
export async function runContender(arena: Arena, name: string, work: Work, signal: AbortSignal): Promise<Told> {
  const task = await taskOf(arena, work);
  const warmUp = work.warmUp === undefined ? undefined : await taskOf(arena, work.warmUp);
  const script = fileURLToPath(new URL('../contender.js', import.meta.url));
  const {
    stdio,
    failed,
    timedOut,
    exitCode,
    signal: killedBy,
  } = await execa(process.execPath, [script, name, JSON.stringify({ task, warmUp })], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    timeout: MAX_MS,
    cancelSignal: signal,
    reject: false,
  });
  if (timedOut) throw new Error(`gave up on '${name}' after ${MAX_MS / 60_000} minutes`);
  if (failed) throw new Error(`'${name}' ended with ${exitCode ?? killedBy}`);
  return JSON.parse(stdio[3] ?? '') as Told;
}

async function taskOf({ url, folder }: Arena, work: Work): Promise<Task> {
  const { kind, rows, fromFile = false, batch = 'bench', rowsPerJob = 1, concurrency = 1 } = work;
  const file = fromFile ? await rowsFile(folder, kind, rows) : '';
  return { redis: url, kind, rows, file, batch, rowsPerJob, concurrency };
}
