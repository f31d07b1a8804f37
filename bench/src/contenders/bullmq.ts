import { createReadStream } from 'node:fs';
import { type BulkJobOptions, Queue, Worker } from 'bullmq';
import split from 'split2';
import { ATTEMPTS, CHUNK, type Contender, idOf, KEEP_COMPLETED, PREFIX, type Task } from '../task.js';
import type { Payload } from '../workload.js';
import type { Library, Producer } from './library.js';

/** BullMQ as its users call it, with our ids and our attempts. It always writes its events. */
export const library: Library = {
  open,

  async work({ redis, kind, concurrency }, handler) {
    const options = { connection: { url: redis }, prefix: PREFIX, concurrency, removeOnComplete: KEEP_COMPLETED };
    const worker = new Worker(kind, async ({ data }) => handler(data), options);
    worker.on('error', () => undefined);
    await worker.waitUntilReady();
  },
};

/** What only this library can do. */
export const ways: Readonly<Record<string, Contender>> = {
  /** A file, as a team would write it: parse each line, a thousand rows per call. */
  file: async (task, stopwatch) => {
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      let read = 0;
      let chunk: Payload[] = [];
      for await (const line of createReadStream(task.file).pipe(split()) as AsyncIterable<string>) {
        chunk.push(JSON.parse(line));
        if (chunk.length < CHUNK) continue;
        await queue.addMany(chunk, read + 1);
        read += chunk.length;
        chunk = [];
      }
      if (chunk.length > 0) await queue.addMany(chunk, read + 1);
    });
  },
};

async function open(task: Task): Promise<Required<Producer>> {
  const queue = new Queue(task.kind, { connection: { url: task.redis }, prefix: PREFIX });
  await queue.waitUntilReady();
  const name = `bench.${task.kind}`;
  const optsOf = (jobId: string): BulkJobOptions => ({ jobId, attempts: ATTEMPTS });
  return {
    add: (row, id) => queue.add(name, row, optsOf(id)),
    addMany: (rows, first) =>
      queue.addBulk(rows.map((data, at) => ({ name, data, opts: optsOf(idOf(task, first + at)) }))),
  };
}
