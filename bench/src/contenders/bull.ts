import Queue from 'bull';
import { ATTEMPTS, CHUNK, type Contender, idOf, KEEP_COMPLETED, PREFIX, type Task } from '../task.js';
import { chunksOf, makeRows } from '../workload.js';

/** bull, the predecessor of BullMQ. */
export const contenders = {
  addBulk: async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const queue = await open(task);
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) {
        await queue.addBulk(
          chunk.rows.map((data, at) => ({ name: name(task), data, opts: optsOf(task, chunk.first + at) })),
        );
      }
    });
  },

  work: async (task, stopwatch) => {
    const queue = await open(task);
    return stopwatch.timeWorker(task.rows, (count) => {
      queue.process(name(task), task.concurrency, async () => count()).catch(() => undefined);
    });
  },
} satisfies Record<string, Contender>;

async function open({ redis, kind }: Task): Promise<Queue.Queue> {
  const queue = new Queue(kind, redis, { prefix: PREFIX });
  await queue.isReady();
  return queue;
}

const name = ({ kind }: Task): string => `bench.${kind}`;

/**
 * In bull the job says how many completed jobs are kept, not the worker. Jobs that nobody will
 * process do not say it, as BullMQ's do not.
 */
function optsOf(task: Task, row: number): Queue.JobOptions {
  const keep = task.kind === 'empty' ? { removeOnComplete: KEEP_COMPLETED } : {};
  return { jobId: idOf(task, row), attempts: ATTEMPTS, ...keep };
}
