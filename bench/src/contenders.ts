import { createReadStream } from 'node:fs';
import { createProducer, openSource } from '@bullpen/producer';
import { openRedis } from '@bullpen/shared';
import { handle, startWorker } from '@bullpen/worker';
import { Queue, Worker } from 'bullmq';
import split from 'split2';
import { empty, row } from './jobs.js';

/** What one contender did: how much work, in which time. */
export interface Measured {
  readonly jobs: number;
  readonly ms: number;
}

/** Everything a contender is told. */
export interface Task {
  readonly redis: string;
  readonly prefix: string;
  readonly file: string;
  readonly jobs: number;
}

const CHUNK = 1_000;
const CONCURRENCY = 50;

/** The contenders by name. Each runs in a process of its own. */
export const CONTENDERS: Record<string, (task: Task) => Promise<Measured>> = {
  /** A file through BullMQ's addBulk as its users write it: parse each line, 1,000 jobs a call, our own ids. */
  'enqueue raw': async ({ redis, prefix, file }) => {
    const connection = openRedis(redis, 'worker', 'bench');
    const queue = new Queue('rows', { connection, prefix });
    await queue.waitUntilReady();
    const startedAt = performance.now();
    let jobs = 0;
    let chunk: Parameters<Queue['addBulk']>[0] = [];
    for await (const line of createReadStream(file).pipe(split()) as AsyncIterable<string>) {
      jobs += 1;
      chunk.push({ name: 'bench.row', data: JSON.parse(line), opts: { jobId: `r-${jobs}`, attempts: 10 } });
      if (chunk.length === CHUNK) {
        await queue.addBulk(chunk);
        chunk = [];
      }
    }
    if (chunk.length > 0) await queue.addBulk(chunk);
    const ms = performance.now() - startedAt;
    await queue.close();
    connection.disconnect();
    return { jobs, ms };
  },

  /** The same file through `batch`, with validation of each row and an answer for each. */
  'enqueue bullpen': async ({ redis, prefix, file }) => {
    const producer = createProducer({ redis, prefix });
    await producer.queues();
    const startedAt = performance.now();
    const source = await openSource(file, 'ndjson', process.stdin);
    const { added } = await producer.batch(row, { batch: 'bench', rows: source.blocks });
    const ms = performance.now() - startedAt;
    await producer.close();
    return { jobs: added, ms };
  },

  /** BullMQ's Worker with a processor that does nothing. */
  'process raw': async ({ redis, prefix, jobs }) => {
    const connection = openRedis(redis, 'worker', 'bench');
    const meter = startMeter(jobs);
    const options = { connection, prefix, concurrency: CONCURRENCY, removeOnComplete: { count: 10_000, age: 86_400 } };
    const worker = new Worker('empty', async () => meter.count(), options);
    worker.on('error', () => undefined);
    const measured = await meter.done;
    await worker.close();
    connection.disconnect();
    return measured;
  },

  /** Ours: payload parsed, deadline armed, outcome settled. */
  'process bullpen': async ({ redis, prefix, jobs }) => {
    const meter = startMeter(jobs);
    const handler = handle(empty, async () => meter.count());
    const worker = startWorker({
      handlers: [handler],
      redis,
      prefix,
      concurrency: CONCURRENCY,
      queues: [{ name: 'empty' }],
    });
    const measured = await meter.done;
    await worker.drain();
    return measured;
  },
};

/** Times from the first job to the last. */
function startMeter(jobs: number): { count(): void; done: Promise<Measured> } {
  let counted = 0;
  let firstAt = 0;
  let finish: ((measured: Measured) => void) | undefined;
  const done = new Promise<Measured>((resolve) => {
    finish = resolve;
  });
  return {
    done,
    count() {
      if (counted === 0) firstAt = performance.now();
      counted += 1;
      if (counted === jobs) finish?.({ jobs: jobs - 1, ms: performance.now() - firstAt });
    },
  };
}
