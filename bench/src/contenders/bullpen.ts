import { createProducer, openSource, type Producer } from '@bullpen/producer';
import type { AnyHandler } from '@bullpen/worker';
import type { Stopwatch, Timed } from '../stopwatch.js';
import { type Contender, PREFIX, type Task } from '../task.js';
import { makeRows } from '../workload.js';
import { JOBS } from './jobs.js';

/**
 * Bullpen as its users call it, with nothing switched off. Only this file of the bench knows its
 * producer and its worker.
 */
export const contenders = {
  /** Connects and does nothing: the memory of a producer before its first row. */
  connect: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, () => producer.queues());
  },

  /** Rows in memory. Each is validated and gets an answer. */
  enqueueMany: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const producer = await connect(task);
    return stopwatch.time(task.rows, async () => {
      const answers = await producer.enqueueMany(JOBS[task.kind], rows as never);
      checkAdded(task, answers.filter(({ status }) => status === 'added').length);
    });
  },

  /** Rows of a file. Each is read, validated, and gets an answer. */
  batch: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, async () => {
      const source = await openSource(task.file, 'ndjson', process.stdin);
      const { batch, rowsPerJob } = task;
      checkAdded(task, (await producer.batches.run(JOBS[task.kind], { name: batch, source, rowsPerJob })).added);
    });
  },

  /**
   * A worker with its defaults: it parses payloads, arms deadlines, settles outcomes and logs them
   * at `info` (JSON to standard output).
   */
  work: (task, stopwatch) => work(task, stopwatch, ({ handle }, count) => handle(JOBS[task.kind], async () => count())),

  /** The same, with a handler that gets all rows of a job at once. */
  workMany: (task, stopwatch) =>
    work(task, stopwatch, ({ handleMany }, count) =>
      handleMany(JOBS[task.kind], async (rows) => {
        for (const _ of rows) count();
      }),
    ),
} satisfies Record<string, Contender>;

async function work(
  { redis, kind, rows, concurrency }: Task,
  stopwatch: Stopwatch,
  handlerOf: (worker: typeof import('@bullpen/worker'), count: () => void) => AnyHandler,
): Promise<Timed> {
  // Loaded only here: a producer's process has no worker in it, and the bench measures its memory.
  const worker = await import('@bullpen/worker');
  return stopwatch.timeWorker(rows, (count) => {
    const handlers = [handlerOf(worker, count)];
    return worker.startWorker({ handlers, redis, prefix: PREFIX, concurrency, queues: [kind] }).ready;
  });
}

async function connect({ redis }: Task): Promise<Producer> {
  // A noisy machine must not end the bench, and a long limit on the wait for Redis costs nothing.
  const producer = createProducer({ redis, prefix: PREFIX, redisTimeout: '30s' });
  await producer.queues();
  return producer;
}

function checkAdded({ rows }: Task, added: number): void {
  if (added !== rows) throw new Error(`expected ${rows} rows to be added, got ${added}`);
}
