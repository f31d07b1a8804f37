import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stopwatch, Timed } from '../stopwatch.js';
import { type Contender, PREFIX, type Task } from '../task.js';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const commandOf = (name: 'producer' | 'worker'): string =>
  fileURLToPath(new URL('cli/main.js', import.meta.resolve(`@bullpen/${name}`)));
const redisOf = ({ redis }: Task): string[] => ['--redis', redis, '--prefix', PREFIX];

/**
 * Programs from their start until they end, or until they say that they are ready. A row is one
 * start.
 */
export const ways: Readonly<Record<string, Contender>> = {
  node: (task, stopwatch) => runs(task, stopwatch, ['-e', '0']),

  producerHelp: (task, stopwatch) => runs(task, stopwatch, [commandOf('producer'), 'enqueue', '--help']),

  workerHelp: (task, stopwatch) => runs(task, stopwatch, [commandOf('worker'), '--help']),

  enqueue: (task, stopwatch) => {
    const job = ['bench.start', '--data', '{"id":1}', '--jobs', fileOf('../start-up/jobs.js')];
    return runs(task, stopwatch, [commandOf('producer'), 'enqueue', ...job, ...redisOf(task)]);
  },

  ready: (task, stopwatch) => {
    const handlers = ['--handlers', fileOf('../start-up/handlers.js')];
    return runs(task, stopwatch, [commandOf('worker'), ...handlers, ...redisOf(task)], 'worker ready');
  },

  bullmqAdd: (task, stopwatch) => runs(task, stopwatch, [fileOf('../start-up/bullmq-add.js'), task.redis]),

  bullmqReady: (task, stopwatch) =>
    runs(task, stopwatch, [fileOf('../start-up/bullmq-work.js'), task.redis], 'worker ready'),
};

/**
 * Starts a program as often as the task has rows, one after another, after one start for the disk's
 * cache.
 */
async function runs({ rows }: Task, stopwatch: Stopwatch, args: readonly string[], until?: string): Promise<Timed> {
  await run(args, until);
  let ms = 0;
  const timed = await stopwatch.time(rows, async () => {
    for (let row = 0; row < rows; row += 1) ms += await run(args, until);
  });
  return { ...timed, ms };
}

/** @returns the milliseconds until it ended, or until it wrote `until` */
async function run(args: readonly string[], until: string | undefined): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  let told = '';
  let readyMs: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    if (until === undefined || readyMs !== undefined || !told.includes(until)) return;
    readyMs = performance.now() - startedAt;
    child.kill('SIGKILL');
  });
  const [code] = await ended;
  if (until === undefined && code === 0) return performance.now() - startedAt;
  if (readyMs === undefined) throw new Error(`'${args.join(' ')}' ended with ${code}: ${told}`);
  return readyMs;
}
