import { Queue, Worker } from 'node-resque';
import { PREFIX, type Task } from '../task.js';
import type { Library } from './library.js';

/** node-resque: jobs in Resque's layout. A worker runs one job at a time, so a slot is a worker. */
export const library: Library = {
  async open(task) {
    const queue = new Queue({ connection: connectionOf(task) }, {});
    await queue.connect();
    return { add: (row) => queue.enqueue(task.kind, 'bench', [row]) };
  },

  async work(task, handler) {
    const connection = connectionOf(task);
    const jobs = { bench: { perform: handler } };
    await Promise.all(
      Array.from({ length: task.concurrency }, async (_, slot) => {
        const worker = new Worker({ connection, queues: [task.kind], name: `bench:${slot}` }, jobs as never);
        worker.on('error', () => undefined);
        await worker.connect();
        await worker.start();
      }),
    );
  },
};

function connectionOf({ redis }: Task) {
  const { hostname, port } = new URL(redis);
  return { pkg: 'ioredis', host: hostname, port: Number(port), namespace: PREFIX } as const;
}
