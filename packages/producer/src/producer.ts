import { randomUUID } from 'node:crypto';
import {
  countQueues,
  DEFAULT_PREFIX,
  type Duration,
  type Fault,
  isJob,
  type JobDefinition,
  OptionsInvalid,
  openRedis,
  type PayloadInput,
  PayloadInvalid,
  ProducerClosed,
  parseTimerDuration,
  prefixFault,
  type QueueCounts,
  type Redis,
  type RedisAddress,
  showRedis,
} from '@bullpen/shared';
import { type BatchOptions, type BatchResult, runBatch } from './batch/batch.js';
import { type SettledBatch, type WaitOptions, waitForBatch } from './batch/wait.js';
import { type Cancelled, cancelJob, defineCancel } from './cancel.js';
import { ChunkWriter } from './chunk-writer.js';
import { deliver } from './delivery.js';
import { type Added, defineInsert, type JobRow, prepareChunk } from './insert.js';
import { type EnqueueOptions, readEnqueueOptions } from './options.js';
import { writePayload } from './payload.js';

/** Options of {@link createProducer}. */
export interface ProducerOptions {
  /** `redis://…` or `rediss://…`, or that with TLS options. */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string;
  /** How long one trip to Redis may take, outages included, before `RedisUnavailable`. Default `'5s'`. */
  readonly redisTimeout?: Duration;
}

/** What `enqueue` answers. */
export interface Enqueued {
  readonly id: string;
  readonly status: Added;
}

/** What became of one payload of `enqueueMany`. */
export type EnqueuedRow = Enqueued | { readonly status: 'rejected'; readonly faults: readonly Fault[] };

/** Options of `enqueueMany`: as for `enqueue`, with the key made from each payload. */
export interface EnqueueManyOptions<J extends JobDefinition> extends Omit<EnqueueOptions, 'key'> {
  readonly key?: (payload: PayloadInput<J>, index: number) => string;
}

/** Puts jobs in. One connection; make one per process and close it at the end. */
export interface Producer {
  /**
   * Enqueues one job.
   * @throws PayloadInvalid (nothing was sent), OptionsInvalid, RedisUnavailable, ProducerClosed
   */
  enqueue<J extends JobDefinition>(job: J, payload: PayloadInput<J>, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many payloads in chunks of up to 1,000, and answers for each, in order. An invalid payload is `rejected` and the others go on.
   * @throws OptionsInvalid, RedisUnavailable (chunks before it are in; with keys, enqueuing all of them again is safe), ProducerClosed
   */
  enqueueMany<J extends JobDefinition>(
    job: J,
    payloads: Iterable<PayloadInput<J>> | AsyncIterable<PayloadInput<J>>,
    options?: EnqueueManyOptions<J>,
  ): Promise<EnqueuedRow[]>;
  /** Enqueues every row of a source; the engine of the `batch` command. Memory stays flat whatever the source's size. */
  batch(job: JobDefinition, options: BatchOptions): Promise<BatchResult>;
  /** Follows a batch until every job it added is settled. */
  waitForBatch(job: JobDefinition, options: WaitOptions): Promise<SettledBatch>;
  /**
   * Asks that a job not be done: a waiting one is settled as cancelled when a worker picks it up, a running one has its signal aborted.
   * Answers what was found: `requested`, `settled` (too late) or `unknown`.
   */
  cancel(job: JobDefinition, id: string): Promise<Cancelled>;
  /** How many jobs each queue under the prefix holds, by state. */
  queues(): Promise<QueueCounts[]>;
  /** Waits for calls under way, then closes the connection. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Makes a producer. Connects in the background.
 * @throws ConfigInvalid for a wrong Redis URL, OptionsInvalid for wrong options
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
  const redis = openRedis(address, 'producer', 'bullpen:producer');
  defineInsert(redis);
  defineCancel(redis);

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
  const insert = (job: JobDefinition, rows: readonly JobRow[], now = Date.now()): Promise<Added[]> => {
    const chunk = prepareChunk(prefix, job, rows, randomUUID(), now);
    return ask(chunk.send);
  };

  return {
    enqueue: (job, payload, options = {}) =>
      open(async () => {
        checkJob(job);
        const now = Date.now();
        const row = readEnqueueOptions(job, options, now);
        const written = await writePayload(job, payload);
        if (!written.ok) throw new PayloadInvalid(`payload of ${job.name}`, written.faults);
        const [status] = await insert(job, [{ ...row, data: written.value }], now);
        return { id: row.id, status: status ?? 'added' };
      }),

    enqueueMany: (job, payloads, { key, ...options } = {}) =>
      open(async () => {
        checkJob(job);
        const answers: EnqueuedRow[] = [];
        const writer = new ChunkWriter<number>(
          (rows) => insert(job, rows),
          (indexes, rows, statuses) => {
            for (const [at, index] of indexes.entries()) {
              answers[index] = { id: (rows[at] as JobRow).id, status: statuses[at] as Added };
            }
          },
        );
        let index = 0;
        try {
          for await (const payload of payloads) {
            const row = readEnqueueOptions(
              job,
              key === undefined ? options : { ...options, key: key(payload, index) },
              Date.now(),
            );
            const written = await writePayload(job, payload);
            if (written.ok) await writer.add({ ...row, data: written.value }, index);
            else answers[index] = { status: 'rejected', faults: written.faults };
            index += 1;
          }
        } catch (error) {
          // No chunk may be under way when the caller is told, or it would outlive close().
          await writer.flush().catch(() => undefined);
          throw error;
        }
        await writer.flush();
        return answers;
      }),

    batch: (job, options) =>
      open(async () => {
        checkJob(job);
        return runBatch(job, options, (rows) => insert(job, rows));
      }),
    waitForBatch: (job, options) => open(() => waitForBatch(prefix, job.queue, options, ask)),
    cancel: (job, id) => open(() => ask((connection) => cancelJob(connection, prefix, job.queue, id))),
    queues: () => open(() => ask((connection) => countQueues(connection, prefix))),

    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      redis.disconnect();
    },
  };
}

function checkJob(job: unknown): asserts job is JobDefinition {
  if (!isJob(job))
    throw new OptionsInvalid('cannot enqueue', [{ path: 'job', reason: 'expected what defineJob returns' }]);
}
