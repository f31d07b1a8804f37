import Queue from 'bee-queue';
import { ATTEMPTS, CHUNK, type Contender, idOf, PREFIX, type Task } from '../task.js';
import { chunksOf, makeRows } from '../workload.js';

/**
 * bee-queue, set up for speed as its documentation advises: the producer is no worker, and neither
 * listens to events nor keeps its jobs; the worker does not listen either. Completed jobs stay,
 * which is its default, as it cannot keep only the last ones.
 */
export const contenders = {
  saveAll: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const queue = open(task, { isWorker: false });
    await queue.ready();
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) {
        const jobs = chunk.rows.map((row, at) =>
          queue
            .createJob(row)
            .setId(idOf(task, chunk.first + at))
            .retries(ATTEMPTS - 1),
        );
        const [error] = (await queue.saveAll(jobs)).values();
        if (error !== undefined) throw error;
      }
    });
  },

  work: async (task, stopwatch) => {
    const queue = open(task, {});
    await queue.ready();
    return stopwatch.timeWorker(task.rows, (count) => {
      queue.process(task.concurrency, async () => count());
    });
  },
} satisfies Record<string, Contender>;

function open({ redis, kind }: Task, settings: Queue.QueueSettings): Queue {
  return new Queue(kind, { prefix: PREFIX, redis: { url: redis }, getEvents: false, storeJobs: false, ...settings });
}
