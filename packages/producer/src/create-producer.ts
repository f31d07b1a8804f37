import { countQueues, fetchTime } from '@bullpen/shared/internal';
import { runDryBatch } from './batch/dry-run.js';
import { runBatch } from './batch/run-batch.js';
import { waitForBatch } from './batch/wait-for-batch.js';
import { defineCommands } from './define-commands.js';
import { checkId, checkJob, checkPayloads } from './enqueue/check-arguments.js';
import { enqueueMany } from './enqueue/enqueue-many.js';
import { parseEnqueueManyOptions } from './enqueue/enqueue-many-options.js';
import { checkExpiry } from './enqueue/enqueue-options.js';
import { prepareJobs } from './enqueue/insert-jobs.js';
import { prepareRows } from './enqueue/insert-rows.js';
import type { InsertAccess } from './enqueue/redis-access.js';
import { prioritiesMixed } from './enqueue/refused.js';
import { createBatches } from './manage/batches.js';
import { cancelJob } from './manage/cancel-job.js';
import { openProducer } from './open-producer.js';
import type { Producer, ProducerOptions } from './producer.js';

/**
 * Makes a producer. It connects to Redis in the background.
 * @param options where Redis is, and how long to wait for it
 * @example
 * const producer = createProducer({ redis: 'redis://127.0.0.1:6379', redisTimeout: '10s' });
 * @throws ConfigInvalid for a wrong Redis URL, or a prefix that a Redis Cluster would scatter;
 *   OptionsInvalid for other wrong options
 */
export function createProducer(options: ProducerOptions): Producer {
  const { enqueue, time, close, prefix, calls, ask, insertInto } = openProducer(options, defineCommands);
  const insertRows: InsertAccess['insert'] = async (job, rows, options, batch) => {
    const reply = await insertInto(job.queue, prepareRows({ prefix, job, rows, options, batch }));
    if (reply.kind === 'mixed') throw prioritiesMixed(job, options);
    return reply;
  };

  return {
    enqueue,

    enqueueMany: (job, payloads, options = {}) =>
      calls.run(async () => {
        checkJob(job, 'cannot enqueue');
        checkPayloads(payloads);
        const { key, signal, ...jobOptions } = parseEnqueueManyOptions(job, options);
        // Redis' clock decides whether an instant has passed. Nobody asks it if none was given.
        if (jobOptions.expiresAt !== undefined) checkExpiry(job, jobOptions, await ask(fetchTime));
        return enqueueMany(payloads, {
          ...{ job, key, signal, options: jobOptions },
          insert: (jobs) => insertInto(job.queue, prepareJobs({ prefix, queue: job.queue, jobs, isWhole: true })),
        });
      }),

    cancel: (job, id) =>
      calls.run(async () => {
        checkJob(job, 'cannot cancel');
        checkId(id);
        return cancelJob(job.queue, id, { prefix, ask });
      }),
    batches: {
      run: (job, options) =>
        calls.run(async () => {
          checkJob(job, 'cannot enqueue');
          return options?.dryRun === true
            ? runDryBatch(job, options)
            : runBatch(job, options, { prefix, ask, insert: insertRows });
        }),
      wait: (options) => calls.run(() => waitForBatch(options, { prefix, ask })),
      // Each trip is one call, because a caller may stop in the middle of millions of rows.
      ...createBatches({
        prefix,
        ask: (command) => calls.run(() => ask(command)),
        insert: (...chunk) => calls.run(() => insertRows(...chunk)),
      }),
    },
    queues: () => calls.run(() => ask((connection) => countQueues(connection, prefix))),
    time,
    close,
  };
}
