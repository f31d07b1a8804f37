import { Queue, RedisStorage } from '@platformatic/job-queue';
import { ATTEMPTS, PREFIX, type Task } from '../task.js';
import type { Payload } from '../workload.js';
import type { Library } from './library.js';

/** `@platformatic/job-queue`, with its storage in Redis. */
export const library: Library = {
  async open(task) {
    const queue = connect(task);
    await queue.start();
    return { add: (row, id) => queue.enqueue(id, row) };
  },

  async work(task, handler) {
    const queue = connect(task);
    queue.execute(async ({ payload }: { readonly payload: Payload }) => handler(payload));
    await queue.start();
  },
};

function connect({ redis, kind, concurrency }: Task): Queue<Payload, void> {
  const storage = new RedisStorage({ url: redis, keyPrefix: `${PREFIX}:${kind}:` });
  return new Queue<Payload, void>({ storage, concurrency, maxRetries: ATTEMPTS });
}
