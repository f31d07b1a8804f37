import { createProducer, openSource, type Producer } from '@bullpen/producer';
import { JobRejected } from '@bullpen/shared';
import type { AnyHandler, RunningWorker } from '@bullpen/worker';
import type { Stopwatch, Timed } from '../stopwatch.js';
import { type Contender, PREFIX, type Task } from '../task.js';
import { makeRows } from '../workload.js';
import { jobOf } from './jobs.js';
import type { Library } from './library.js';

/**
 * Bullpen as its users call it, with nothing switched off. Only this file of the bench knows its
 * producer and its worker.
 */
export const library: Library = {
  async open(task) {
    const producer = await connect(task);
    const job = jobOf(task.kind);
    return { add: async (row) => checkAdded(1, (await producer.enqueue(job, row)).status === 'added' ? 1 : 0) };
  },

  /**
   * A worker with its defaults: it parses payloads, arms deadlines, settles outcomes and logs them
   * at `info` (JSON to standard output).
   */
  work: (task, handler) => start(task, ({ handle }, job) => handle(job, handler as never)),
};

/** What only this library can do. */
export const ways: Readonly<Record<string, Contender>> = {
  /** Connects and does nothing: the memory of a producer before its first row. */
  connect: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, () => producer.queues());
  },

  /** Rows in memory. Each is validated and gets an answer. */
  enqueueMany: (task, stopwatch) => enqueueMany(task, stopwatch, {}),

  /** Jobs that are due in a day. */
  enqueueDelayed: (task, stopwatch) => enqueueMany(task, stopwatch, { delay: '1d' }),

  /** Jobs that are due when a worker looks. */
  enqueueDue: (task, stopwatch) => enqueueMany(task, stopwatch, { delay: '1ms' }),

  /** Rows of a file. Each is read, validated, and gets an answer. */
  batch: async (task, stopwatch) => {
    const producer = await connect(task);
    return stopwatch.time(task.rows, async () => {
      const source = await openSource(task.file, 'ndjson', process.stdin);
      const { batch, rowsPerJob } = task;
      checkAdded(task.rows, (await producer.batches.run(jobOf(task.kind), { name: batch, source, rowsPerJob })).added);
    });
  },

  /** A handler that gets all rows of a job at once. */
  workMany: (task, stopwatch) =>
    stopwatch.timeWorker(task.rows, (count) =>
      start(task, ({ handleMany }, job) =>
        handleMany(job, async (rows) => {
          for (const _ of rows) count();
        }),
      ),
    ),

  /** The same as `work`, and nothing is left active: for jobs that a later task finds completed. */
  complete: (task, stopwatch) => untilDrained(task, stopwatch, () => undefined),

  /** A handler that rejects every job, so that all are in the failed set. */
  reject: (task, stopwatch) =>
    untilDrained(task, stopwatch, () => {
      throw new JobRejected('the bench wants it in the failed set');
    }),
};

async function untilDrained(task: Task, stopwatch: Stopwatch, handler: () => void): Promise<Timed> {
  let running: readonly RunningWorker[] = [];
  const timed = await stopwatch.timeWorker(task.rows, async (count) => {
    running = await start(task, ({ handle }, job) =>
      handle(job, async () => {
        count();
        handler();
      }),
    );
  });
  await Promise.all(running.map((worker) => worker.drain()));
  return timed;
}

/** Every worker of the task, each with every queue of it. */
async function start(
  task: Task,
  handlerOf: (worker: typeof import('@bullpen/worker'), job: ReturnType<typeof jobOf>) => AnyHandler,
): Promise<readonly RunningWorker[]> {
  const { redis, concurrency, events, fetchAhead, workers } = task;
  // Loaded only here: a producer's process has no worker in it, and the bench measures its memory.
  const library = await import('@bullpen/worker');
  const queues = queuesOf(task);
  const handlers = queues.map((queue) => handlerOf(library, jobOf(task.kind, queue)));
  const running = Array.from({ length: workers }, () =>
    library.startWorker({ handlers, redis, prefix: PREFIX, concurrency, fetchAhead, queues, events }),
  );
  await Promise.all(running.map(({ ready }) => ready));
  return running;
}

async function enqueueMany(task: Task, stopwatch: Stopwatch, options: { delay?: '1ms' | '1d' }): Promise<Timed> {
  const rows = makeRows(task.kind, Math.ceil(task.rows / task.queues));
  const producer = await connect(task);
  return stopwatch.time(task.rows, async () => {
    for (const queue of queuesOf(task)) {
      const answers = await producer.enqueueMany(jobOf(task.kind, queue), rows, options);
      checkAdded(rows.length, answers.filter(({ status }) => status === 'added').length);
    }
  });
}

async function connect({ redis, events }: Task): Promise<Producer> {
  // A noisy machine must not end the bench, and a long limit on the wait for Redis costs nothing.
  const producer = createProducer({ redis, prefix: PREFIX, redisTimeout: '30s', events });
  await producer.queues();
  return producer;
}

/** One queue has the name of the kind; several are numbered. */
const queuesOf = ({ kind, queues }: Task): string[] =>
  queues === 1 ? [kind] : Array.from({ length: queues }, (_, at) => `${kind}-${at}`);

function checkAdded(wanted: number, added: number): void {
  if (added !== wanted) throw new Error(`expected ${wanted} rows to be added, got ${added}`);
}
