import { type JobDefinition, OptionsInvalid, PayloadInvalid, QueueFull } from '@bullpen/shared';
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
import type { BatchPart, ChunkOptions, JobRow } from './enqueue/chunk.js';
import { EventsDeclaration } from './enqueue/declare-events.js';
import { enqueueMany } from './enqueue/enqueue-many.js';
import { parseEnqueueManyOptions } from './enqueue/enqueue-many-options.js';
import { checkExpiry, parseEnqueueOptions } from './enqueue/enqueue-options.js';
import type { Enqueued } from './enqueue/enqueued.js';
import { prepareChunk } from './enqueue/insert.js';
import type { InsertReply } from './enqueue/insert-reply.js';
import { OpenCalls } from './enqueue/open-calls.js';
import { writePayload } from './enqueue/payload.js';
import type { ProducerRedis } from './enqueue/producer-redis.js';
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
  const insert = async (
    job: JobDefinition,
    rows: readonly JobRow[],
    options: ChunkOptions,
    batch?: BatchPart,
  ): Promise<InsertReply> => {
    const declaring = declaration.declare(job.queue);
    if (declaring !== undefined) await declaring;
    const reply = await ask(prepareChunk({ prefix, job, rows, options, batch }));
    if (reply.kind === 'mixed') throw prioritiesMixed(job, options);
    return reply;
  };

  const time = (): Promise<number> => ask(fetchTime);
  /** Redis' clock decides whether an instant has passed. Nobody asks it if none was given. */
  const checkInTime = async (job: JobDefinition, options: ChunkOptions): Promise<void> => {
    if (options.expiresAt !== undefined) checkExpiry(job, options, await time());
  };

  return {
    enqueue: (job, payload, options = {}) =>
      calls.run(async () => {
        checkJob(job, 'cannot enqueue');
        const chunkOptions = parseEnqueueOptions(job, options);
        const written = await writePayload(job, payload);
        if (!written.ok) throw new PayloadInvalid(`payload of ${job.name}`, written.faults);
        await checkInTime(job, chunkOptions);
        const reply = await insert(job, [{ key: options.key, data: written.value }], chunkOptions);
        if (reply.kind !== 'ok') throw new QueueFull(job.queue, chunkOptions.maxWaiting ?? 0);
        return reply.jobs[0] as Enqueued;
      }),

    enqueueMany: (job, payloads, options = {}) =>
      calls.run(async () => {
        checkJob(job, 'cannot enqueue');
        checkPayloads(payloads);
        const { key, signal, ...chunkOptions } = parseEnqueueManyOptions(job, options);
        await checkInTime(job, chunkOptions);
        return enqueueMany(payloads, {
          ...{ job, key, signal, maxWaiting: chunkOptions.maxWaiting },
          insert: (rows) => insert(job, rows, chunkOptions),
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
          return options?.dryRun === true ? runDryBatch(job, options) : runBatch(job, options, { prefix, ask, insert });
        }),
      wait: (options) => calls.run(() => waitForBatch(options, { prefix, ask })),
      // Each trip is one call, because a caller may stop in the middle of millions of rows.
      ...createBatches({
        prefix,
        ask: (command) => calls.run(() => ask(command)),
        insert: (...chunk) => calls.run(() => insert(...chunk)),
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

function prioritiesMixed(job: JobDefinition, { priority }: ChunkOptions): OptionsInvalid {
  const reason =
    priority > 0
      ? 'holds jobs without a priority, which would always go before this one; use another queue for jobs with a priority, or wait until the queue is empty'
      : 'holds jobs with priorities, and a job without one would always go before them; give the job a priority, or use another queue';
  return new OptionsInvalid(`cannot enqueue ${job.name}`, [
    { path: 'priority', reason: `queue '${job.queue}' ${reason}` },
  ]);
}
