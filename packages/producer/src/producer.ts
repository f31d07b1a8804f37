import { randomUUID } from 'node:crypto';
import {
  type Duration,
  type Fault,
  isJob,
  type JobDefinition,
  OptionsInvalid,
  type PayloadInput,
  PayloadInvalid,
  ProducerClosed,
  type QueueCounts,
  QueueFull,
  type RedisAddress,
} from '@bullpen/shared';
import {
  countQueues,
  DEFAULT_PREFIX,
  openRedis,
  parseTimerDuration,
  prefixFault,
  type Redis,
  showRedis,
} from '@bullpen/shared/internal';
import type { BatchOptions } from './batch/batch-options.js';
import { runDryBatch } from './batch/dry-run.js';
import { type BatchResult, runBatch } from './batch/run-batch.js';
import { type SettledBatch, type WaitOptions, waitForBatch } from './batch/wait-for-batch.js';
import { defineOpenBatch } from './books/books.js';
import { deliver } from './enqueue/call-redis.js';
import { type Cancelled, cancelJob, defineCancel } from './enqueue/cancel-job.js';
import { enqueueAll } from './enqueue/enqueue-many.js';
import { type EnqueueOptions, idFor, readTerms } from './enqueue/enqueue-options.js';
import type { Enqueued, EnqueuedRow } from './enqueue/enqueued.js';
import { type BatchPart, defineInsert, type JobRow, prepareChunk, type Terms } from './enqueue/insert.js';
import { writePayload } from './enqueue/payload.js';
import { type Batches, defineBatches, openBatches } from './manage/batches.js';

/** Options of {@link createProducer}. */
export interface ProducerOptions {
  /**
   * `redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`, or that with TLS
   * options.
   */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string;
  /**
   * How long one trip to Redis may take, outages included, before `RedisUnavailable`. Default
   * `'5s'`.
   */
  readonly redisTimeout?: Duration;
}

/** Options of `enqueueMany`: as for `enqueue`, with the key made from each payload. */
export interface EnqueueManyOptions<J extends JobDefinition> extends Omit<EnqueueOptions, 'key'> {
  readonly key?: (payload: PayloadInput<J>, index: number) => string;
  /** Ends the wait for room on a full queue (`maxWaiting`): `QueueFull` is thrown then. */
  readonly signal?: AbortSignal;
}

/** Puts jobs in. One connection; make one per process and close it at the end. */
export interface Producer {
  /**
   * Enqueues one job.
   * @throws PayloadInvalid (nothing was sent), OptionsInvalid, QueueFull, RedisUnavailable,
   *   ProducerClosed
   */
  enqueue<J extends JobDefinition>(job: J, payload: PayloadInput<J>, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many payloads in chunks of up to 1,000, and answers for each, in order. An invalid
   * payload is `rejected` and the others go on.
   * @throws OptionsInvalid, QueueFull (only when `signal` aborts), RedisUnavailable (chunks before
   *   it are in; with keys, enqueuing all of them again is safe), ProducerClosed
   */
  enqueueMany<J extends JobDefinition>(
    job: J,
    payloads: Iterable<PayloadInput<J>> | AsyncIterable<PayloadInput<J>>,
    options?: EnqueueManyOptions<J>,
  ): Promise<EnqueuedRow[]>;
  /**
   * Enqueues every row of a source; the engine of the `batch` command. Memory stays flat whatever
   * the source's size.
   */
  batch(job: JobDefinition, options: BatchOptions): Promise<BatchResult>;
  /**
   * Follows a batch until every row it has added is settled. To be called when its source was read:
   * one that is still being read may well be settled as far as it is.
   */
  waitForBatch(job: JobDefinition, options: WaitOptions): Promise<SettledBatch>;
  /**
   * Asks that a job not be done: a waiting one is settled as cancelled when a worker picks it up, a
   * running one has its signal aborted. Answers what was found: `requested`, `settled` (too late)
   * or `unknown`.
   */
  cancel(job: JobDefinition, id: string): Promise<Cancelled>;
  /** What can be asked of batches that were begun: list, show, cancel, retry, failures, results. */
  readonly batches: Batches;
  /** How many jobs each queue under the prefix holds, by state. */
  queues(): Promise<QueueCounts[]>;
  /** Waits for calls under way, then closes the connection. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Makes a producer. Connects in the background.
 * @throws ConfigInvalid for a wrong Redis URL, or a prefix that a Redis Cluster would scatter,
 *   OptionsInvalid for wrong options
 */
export function createProducer({
  redis: address,
  prefix = DEFAULT_PREFIX,
  redisTimeout = '5s',
}: ProducerOptions): Producer {
  const withinMs = parseTimerDuration(redisTimeout);
  const faults: Fault[] = [];
  if (typeof withinMs === 'string') faults.push({ path: 'redisTimeout', reason: withinMs });
  const wrongPrefix = prefixFault(prefix);
  if (wrongPrefix !== undefined) faults.push({ path: 'prefix', reason: wrongPrefix });
  if (typeof withinMs === 'string' || faults.length > 0) throw new OptionsInvalid('cannot create the producer', faults);
  const redis = openRedis(address, 'producer', 'bullpen:producer', prefix);
  defineInsert(redis);
  defineOpenBatch(redis);
  defineCancel(redis);
  defineBatches(redis);

  const delivery = { withinMs, address: showRedis(address) };
  const underWay = new Set<Promise<unknown>>();
  let closed = false;
  const open = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new ProducerClosed('the producer is closed'));
    const promise = work().finally(() => underWay.delete(promise));
    underWay.add(promise);
    return promise;
  };
  const ask = <T>(command: (connection: Redis) => Promise<T>): Promise<T> =>
    deliver(redis, delivery, () => command(redis));
  const checkJob = (job: unknown): void => {
    if (!isJob(job))
      throw new OptionsInvalid('cannot enqueue', [{ path: 'job', reason: 'expected what defineJob returns' }]);
  };
  const insert = async (job: JobDefinition, rows: readonly JobRow[], terms: Terms, batch?: BatchPart) => {
    const chunk = { prefix, job, rows, terms, batch, enqueue: randomUUID(), now: Date.now() };
    const inserted = await ask(prepareChunk(chunk));
    if (inserted.kind === 'mixed') throw prioritiesMixed(job, terms);
    return inserted;
  };

  return {
    enqueue: (job, payload, options = {}) =>
      open(async () => {
        checkJob(job);
        const { key } = options;
        const terms = { ...readTerms(job, options, Date.now()), keyed: key !== undefined };
        const id = idFor(job, key);
        const written = await writePayload(job, payload);
        if (!written.ok) throw new PayloadInvalid(`payload of ${job.name}`, written.faults);
        const inserted = await insert(job, [{ id, data: written.value }], terms);
        if (inserted.kind !== 'ok') throw new QueueFull(job.queue, terms.maxWaiting ?? 0);
        return { id, status: inserted.answers[0] ?? 'added' };
      }),

    enqueueMany: (job, payloads, { key, signal, ...options } = {}) =>
      open(async () => {
        checkJob(job);
        const terms = { ...readTerms(job, options, Date.now()), keyed: key !== undefined };
        return enqueueAll(payloads, {
          ...{ job, key, signal, maxWaiting: terms.maxWaiting },
          insert: (rows) => insert(job, rows, terms),
        });
      }),

    batch: (job, options) =>
      open(async () => {
        checkJob(job);
        return options.dryRun === true ? runDryBatch(job, options) : runBatch(job, options, { prefix, ask, insert });
      }),
    waitForBatch: (job, options) => open(() => waitForBatch(prefix, job.queue, options, ask)),
    cancel: (job, id) => open(() => ask((connection) => cancelJob(connection, prefix, job.queue, id))),
    // Each trip is a call of its own: what reads millions of rows may be left in the middle.
    batches: openBatches({
      prefix,
      ask: (command) => open(() => ask(command)),
      insert: (...chunk) => open(() => insert(...chunk)),
    }),
    queues: () => open(() => ask((connection) => countQueues(connection, prefix))),

    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      redis.disconnect();
    },
  };
}

function prioritiesMixed(job: JobDefinition, { priority }: Terms): OptionsInvalid {
  const reason =
    priority > 0
      ? 'has jobs without a priority, which would always go first; use another queue for jobs with one, or wait until it is empty'
      : 'has jobs with priorities, and this one, without, would always go before them; give it a priority, or use another queue';
  return new OptionsInvalid(`cannot enqueue ${job.name}`, [
    { path: 'priority', reason: `queue '${job.queue}' ${reason}` },
  ]);
}
