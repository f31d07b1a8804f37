import { openRedis } from '@bullpen/shared/internal';
import { Queue, Worker } from 'groupmq';
import { ATTEMPTS, KEEP_COMPLETED, PREFIX, type Task } from '../task.js';
import type { Library } from './library.js';

/**
 * How many groups the jobs are in, in turn. groupmq runs one job of a group at a time, so there are
 * more of them than slots; fewer of them are cheaper than one for each job.
 */
const GROUPS = 200;

/** groupmq: queues whose jobs are in order within their group. */
export const library: Library = {
  async open(task) {
    const queue = connect(task);
    return {
      add: (data, jobId) => queue.add({ groupId: `g${data.id % GROUPS}`, data, jobId, maxAttempts: ATTEMPTS }),
    };
  },

  async work(task, handler) {
    const worker = new Worker({
      queue: connect(task),
      concurrency: task.concurrency,
      handler: async ({ data }) => handler(data),
    });
    worker.on('error', () => undefined);
    worker.run().catch(() => undefined);
  },
};

function connect({ redis, kind }: Task) {
  const connection = openRedis(redis, 'worker', 'bench:groupmq');
  return new Queue({ redis: connection, namespace: `${PREFIX}:${kind}`, keepCompleted: KEEP_COMPLETED.count });
}
