import { createProducer, openSource, type Producer } from '@bullpen/producer';
import type { Handler } from '@bullpen/worker';
import type { Stopwatch, Timed } from '../stopwatch.js';
import { type Contender, PREFIX, type Task } from '../task.js';
import { makeRows } from '../workload.js';
import { JOBS } from './jobs.js';

/**
 * Bullpen as its users call it: nothing is switched off. The only file of the bench that knows its
 * producer and its worker.
 */
export const contenders = {
  /** Connects, and does nothing: the memory of a producer that has had no rows yet. */
  connect: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, () => producer.queues());
  },

  /** Rows in memory: each is validated and has an answer. */
  enqueueMany: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const producer = await connect(task);
    return stopwatch.time(task.rows, async () => {
      const answers = await producer.enqueueMany(JOBS[task.kind], rows as never);
      checkAdded(task, answers.filter(({ status }) => status === 'added').length);
    });
  },

  /** Rows of a file: each is read, validated, and has an answer. */
  batch: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, async () => {
      const source = await openSource(task.file, 'ndjson', process.stdin);
      const { batch, rowsPerJob } = task;
      checkAdded(task, (await producer.batch(JOBS[task.kind], { batch, source, rowsPerJob })).added);
    });
  },

  /**
   * A worker with its defaults: payloads parsed, deadlines armed, outcomes settled and logged at
   * `info` (JSON to standard output).
   */
  work: (task, stopwatch) => work(task, stopwatch, ({ handle }, count) => handle(JOBS[task.kind], async () => count())),

  /** The same, with a handler that has the rows of a job all at once. */
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
  handlerOf: (worker: typeof import('@bullpen/worker'), count: () => void) => Handler,
): Promise<Timed> {
  // Loaded here, as a producer's process has no worker in it and its memory is measured.
  const worker = await import('@bullpen/worker');
  return stopwatch.timeWorker(rows, (count) => {
    const handlers = [handlerOf(worker, count)];
    return worker.startWorker({ handlers, redis, prefix: PREFIX, concurrency, queues: [kind] }).ready;
  });
}

async function connect({ redis }: Task): Promise<Producer> {
  // A noisy machine is no reason to end a bench; how long we would wait for Redis costs nothing.
  const producer = createProducer({ redis, prefix: PREFIX, redisTimeout: '30s' });
  await producer.queues();
  return producer;
}

function checkAdded({ rows }: Task, added: number): void {
  if (added !== rows) throw new Error(`expected ${rows} rows to be added, got ${added}`);
}
