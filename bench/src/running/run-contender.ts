import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Timed } from '../stopwatch.js';
import type { Task } from '../task.js';
import { rowsFile } from '../workload.js';
import type { Arena } from './arena.js';
import { type Entrant, PLAIN, type Work } from './heat.js';
import { NODE_24 } from './node-24.js';

/** No contender takes this long; a contender that hangs must not hang the bench. */
const MAX_MS = 15 * 60_000;

/** What its process reports: the times, and its peak memory. */
type Told = Timed & { readonly rssMb: number };

/**
 * Runs one contender in a process of its own. Its log is discarded; its measurements come on
 * descriptor 3.
 * @throws Error when it fails or hangs; standard error has its messages by then
 */
export async function runContender(
  arena: Arena,
  { contender, work, onNode24 = false }: Pick<Entrant, 'contender' | 'work' | 'onNode24'>,
  signal: AbortSignal,
): Promise<Told> {
  const task = await taskOf(arena, work);
  const warmUp = work.warmUp === undefined ? undefined : await taskOf(arena, work.warmUp);
  const script = fileURLToPath(new URL('../contender.js', import.meta.url));
  const node = onNode24 ? (NODE_24 ?? '') : process.execPath;
  const {
    stdio,
    failed,
    timedOut,
    exitCode,
    signal: killedBy,
  } = await execa(node, [script, contender, JSON.stringify({ task, warmUp })], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    timeout: MAX_MS,
    cancelSignal: signal,
    reject: false,
  });
  if (timedOut) throw new Error(`gave up on '${contender}' after ${MAX_MS / 60_000} minutes`);
  if (failed) throw new Error(`'${contender}' ended with ${exitCode ?? killedBy}`);
  return JSON.parse(stdio[3] ?? '') as Told;
}

async function taskOf({ url, folder }: Arena, { fromFile = false, warmUp: _, ...work }: Work): Promise<Task> {
  const file = fromFile ? await rowsFile(folder, work.kind, work.rows) : '';
  return { ...PLAIN, ...work, redis: url, file };
}
