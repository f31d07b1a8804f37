import { createReadStream } from 'node:fs';
import { type BulkJobOptions, Queue, Worker } from 'bullmq';
import split from 'split2';
import { ATTEMPTS, CHUNK, type Contender, idOf, KEEP_COMPLETED, PREFIX, type Task } from '../task.js';
import { chunksOf, makeRows, type Payload } from '../workload.js';

/** BullMQ as its users call it, with our ids and our attempts. */
export const contenders = {
  /** One call awaited after another. */
  add: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      for (const [index, row] of rows.entries()) await queue.add(name(task), row, optsOf(task, index + 1));
    });
  },

  /** A thousand calls at once. */
  addConcurrently: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) {
        await Promise.all(chunk.rows.map((row, at) => queue.add(name(task), row, optsOf(task, chunk.first + at))));
      }
    });
  },

  /** A thousand rows per call: the fastest way in BullMQ. */
  addBulk: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) {
        await queue.addBulk(chunk.rows.map((row, at) => jobOf(task, chunk.first + at, row)));
      }
    });
  },

  /** A file, as a team would write it: parse each line, a thousand rows per call. */
  addBulkFromFile: async (task, stopwatch) => {
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      let read = 0;
      let chunk: ReturnType<typeof jobOf>[] = [];
      for await (const line of createReadStream(task.file).pipe(split()) as AsyncIterable<string>) {
        read += 1;
        chunk.push(jobOf(task, read, JSON.parse(line)));
        if (chunk.length < CHUNK) continue;
        await queue.addBulk(chunk);
        chunk = [];
      }
      if (chunk.length > 0) await queue.addBulk(chunk);
    });
  },

  /** A Worker with a processor that does nothing. */
  work: async ({ redis, kind, rows, concurrency }, stopwatch) => {
    const options = { connection: { url: redis }, prefix: PREFIX, concurrency, removeOnComplete: KEEP_COMPLETED };
    return stopwatch.timeWorker(rows, (count) => {
      new Worker(kind, async () => count(), options).on('error', () => undefined);
    });
  },
} satisfies Record<string, Contender>;

async function open({ redis, kind }: Task): Promise<Queue> {
  const queue = new Queue(kind, { connection: { url: redis }, prefix: PREFIX });
  await queue.waitUntilReady();
  return queue;
}

const name = ({ kind }: Task): string => `bench.${kind}`;
const optsOf = (task: Task, row: number): BulkJobOptions => ({ jobId: idOf(task, row), attempts: ATTEMPTS });
const jobOf = (task: Task, row: number, data: Payload) => ({ name: name(task), data, opts: optsOf(task, row) });
