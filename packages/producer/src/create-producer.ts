import { OptionsInvalid } from '@bullpen/shared';
import {
  countQueues,
  DEFAULT_PREFIX,
  eventsFaults,
  fetchTime,
  isOptions,
  type OptionTable,
  openRedis,
  optionFaults,
  parseTimerDuration,
  prefixFault,
  showRedis,
  showValue,
} from '@bullpen/shared/internal';
import { runDryBatch } from './batch/dry-run.js';
import { runBatch } from './batch/run-batch.js';
import { waitForBatch } from './batch/wait-for-batch.js';
import { defineCommands } from './define-commands.js';
import { callRedis } from './enqueue/call-redis.js';
import { checkId, checkJob, checkPayloads } from './enqueue/check-arguments.js';
import { EventsDeclaration } from './enqueue/declare-events.js';
import { enqueueMany } from './enqueue/enqueue-many.js';
import { parseEnqueueManyOptions } from './enqueue/enqueue-many-options.js';
import { enqueueOne } from './enqueue/enqueue-one.js';
import { checkExpiry } from './enqueue/enqueue-options.js';
import { prepareJobs } from './enqueue/insert-jobs.js';
import { prepareRows } from './enqueue/insert-rows.js';
import { JobSender } from './enqueue/job-sender.js';
import { OpenCalls } from './enqueue/open-calls.js';
import type { ProducerRedis } from './enqueue/producer-redis.js';
import type { InsertAccess } from './enqueue/redis-access.js';
import { prioritiesMixed } from './enqueue/refused.js';
import { SharedConnection } from './enqueue/shared-connection.js';
import { createBatches } from './manage/batches.js';
import { cancelJob } from './manage/cancel-job.js';
import { DEFAULT_REDIS_TIMEOUT, type Producer, type ProducerOptions } from './producer.js';

/**
 * Makes a producer. It connects to Redis in the background.
 * @param options where Redis is, and how long to wait for it
 * @example
 * const producer = createProducer({ redis: 'redis://127.0.0.1:6379', redisTimeout: '10s' });
 * @throws ConfigInvalid for a wrong Redis URL, or a prefix that a Redis Cluster would scatter;
 *   OptionsInvalid for other wrong options
 */
export function createProducer(options: ProducerOptions): Producer {
  const { redis: address, prefix, timeoutMs, events } = readOptions(options);
  const redis = defineCommands(openRedis(address, 'producer', 'bullpen:producer', prefix));

  const connection = new SharedConnection(redis);
  const calls = new OpenCalls();
  const callOptions = { timeoutMs, address: showRedis(address) };
  const ask = <T>(command: (redis: ProducerRedis) => Promise<T>): Promise<T> =>
    callRedis(connection, callOptions, () => command(redis));
  const declaration = new EventsDeclaration(events, { prefix, ask });
  const insertInto = async <T>(queue: string, command: (redis: ProducerRedis) => Promise<T>): Promise<T> => {
    const declaring = declaration.declare(queue);
    if (declaring !== undefined) await declaring;
    return ask(command);
  };
  const insertRows: InsertAccess['insert'] = async (job, rows, options, batch) => {
    const reply = await insertInto(job.queue, prepareRows({ prefix, job, rows, options, batch }));
    if (reply.kind === 'mixed') throw prioritiesMixed(job, options);
    return reply;
  };
  const sender = new JobSender({ prefix, insertInto });

  const time = (): Promise<number> => ask(fetchTime);

  return {
    enqueue: (job, payload, options) => enqueueOne({ calls, sender }, job, payload, options),

    enqueueMany: (job, payloads, options = {}) =>
      calls.run(async () => {
        checkJob(job, 'cannot enqueue');
        checkPayloads(payloads);
        const { key, signal, ...jobOptions } = parseEnqueueManyOptions(job, options);
        // Redis' clock decides whether an instant has passed. Nobody asks it if none was given.
        if (jobOptions.expiresAt !== undefined) checkExpiry(job, jobOptions, await time());
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
    time: () => calls.run(time),
    queues: () => calls.run(() => ask((connection) => countQueues(connection, prefix))),

    async close() {
      await calls.close();
      connection.close();
    },
  };
}

const OPTIONS: OptionTable<ProducerOptions> = { redis: true, prefix: true, redisTimeout: true, events: true };

/**
 * Checks the options that `openRedis` does not check, and fills in the defaults.
 * @throws OptionsInvalid with every fault
 */
function readOptions(options: ProducerOptions) {
  const faults = optionFaults(options, OPTIONS, 'createProducer');
  // Without an object nothing else can be read.
  if (!isOptions(options)) throw new OptionsInvalid('cannot create the producer', faults);
  const { redis, prefix = DEFAULT_PREFIX, redisTimeout = DEFAULT_REDIS_TIMEOUT, events } = options;
  const timeoutMs = parseTimerDuration(redisTimeout);
  if (typeof timeoutMs === 'string') faults.push({ path: 'redisTimeout', reason: timeoutMs });
  else if (timeoutMs === 0)
    faults.push({ path: 'redisTimeout', reason: `expected at least 1ms, got ${showValue(redisTimeout)}` });
  const wrongPrefix = prefixFault(prefix);
  if (wrongPrefix !== undefined) faults.push({ path: 'prefix', reason: wrongPrefix });
  faults.push(...eventsFaults(events));
  if (faults.length > 0) throw new OptionsInvalid('cannot create the producer', faults);
  return { redis, prefix, timeoutMs: Number(timeoutMs), events };
}
