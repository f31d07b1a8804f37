import Queue from 'bee-queue';
import { ATTEMPTS, PREFIX, type Task } from '../task.js';
import type { Library } from './library.js';

/**
 * bee-queue, set up for speed: no events on either side, nothing kept, its own ids. `events: 'all'`
 * publishes them, its default.
 */
export const library: Library = {
  async open(task) {
    const queue = await connect(task, { isWorker: false });
    const jobOf = (row: object) => queue.createJob(row).retries(ATTEMPTS - 1);
    return {
      add: (row) => jobOf(row).save(),
      async addMany(rows) {
        const [error] = (await queue.saveAll(rows.map(jobOf))).values();
        if (error !== undefined) throw error;
      },
    };
  },

  async work(task, handler) {
    const queue = await connect(task, { sendEvents: task.events === 'all', removeOnSuccess: true });
    queue.process(task.concurrency, async ({ data }) => handler(data));
  },
};

async function connect({ redis, kind }: Task, settings: Queue.QueueSettings): Promise<Queue> {
  const own = { prefix: PREFIX, redis: { url: redis }, getEvents: false, storeJobs: false };
  const queue = new Queue(kind, { ...own, ...settings });
  await queue.ready();
  return queue;
}
