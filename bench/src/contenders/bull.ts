import Queue from 'bull';
import { ATTEMPTS, idOf, KEEP_COMPLETED, PREFIX, type Task } from '../task.js';
import type { Library } from './library.js';

/** bull, the predecessor of BullMQ. */
export const library: Library = {
  async open(task) {
    const queue = await connect(task);
    return {
      add: (row, id) => queue.add(name(task), row, optsOf(id)),
      addMany: (rows, first) =>
        queue.addBulk(rows.map((data, at) => ({ name: name(task), data, opts: optsOf(idOf(task, first + at)) }))),
    };
  },

  async work(task, handler) {
    const queue = await connect(task);
    queue.process(name(task), task.concurrency, async ({ data }) => handler(data)).catch(() => undefined);
  },
};

async function connect({ redis, kind }: Task): Promise<Queue.Queue> {
  const queue = new Queue(kind, redis, { prefix: PREFIX });
  await queue.isReady();
  return queue;
}

const name = ({ kind }: Task): string => `bench.${kind}`;

/** In bull the job says how many completed jobs are kept, not the worker. */
const optsOf = (jobId: string): Queue.JobOptions => ({ jobId, attempts: ATTEMPTS, removeOnComplete: KEEP_COMPLETED });
