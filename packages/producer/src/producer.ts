import type { Duration, EventsOption, JobDefinition, PayloadInput, QueueCounts, RedisAddress } from '@bullpen/shared';
import type { EnqueueManyOptions } from './enqueue/enqueue-many-options.js';
import type { EnqueueOptions } from './enqueue/enqueue-options.js';
import type { Enqueued, EnqueuedRow } from './enqueue/enqueued.js';
import type { Batches } from './manage/batches.js';
import type { CancelResult } from './manage/cancel-job.js';

/** Options of `createProducer`. */
export interface ProducerOptions {
  /**
   * `redis://…`, `rediss://…`, `redis+sentinel://…` or `redis+cluster://…`, or an object with such
   * a URL and TLS options.
   */
  readonly redis: RedisAddress;
  /** The first part of every key on Redis. Default `'bullpen'`. */
  readonly prefix?: string | undefined;
  /**
   * How long one trip to Redis may take, outages included, before `RedisUnavailable` is thrown.
   * Default `'5s'`, at most 24 days.
   */
  readonly redisTimeout?: Duration | undefined;
  /**
   * Which events the queues tell to `QueueEvents` of BullMQ: `'all'`, `'ends'` or `'none'`, for all
   * queues of this producer or by queue, such as `{ mails: 'all' }`. Default: as the queue was told
   * by others, or `'ends'`. It is written before the first job of a queue, and counts for all its
   * producers and workers; of different values, that of the process that started last. A producer
   * that changes the value of another process warns with `process.emitWarning`.
   */
  readonly events?: EventsOption | undefined;
}

/**
 * Puts jobs in, over one connection to Redis. Make one per process, and close it at the end.
 * @example
 * const producer = createProducer({ redis: 'redis://127.0.0.1:6379' });
 * await producer.enqueue(resize, { url, width: 640 }, { key: `${url}@640`, delay: '10s' });
 * await producer.close();
 */
export interface Producer {
  /**
   * Enqueues one job. Calls of one turn of the event loop share a trip to Redis, and each has its own
   * answer.
   * @example
   * const { status, id } = await producer.enqueue(sendInvoice, invoice, { key: 'inv_1042' });
   * @returns `added` and the id of the job, or `duplicate` and the id of the job that holds the key
   * @throws PayloadInvalid (nothing was sent), OptionsInvalid, QueueFull, RedisUnavailable,
   *   ProducerClosed
   */
  enqueue<J extends JobDefinition>(job: J, payload: PayloadInput<J>, options?: EnqueueOptions): Promise<Enqueued>;
  /**
   * Enqueues many payloads in chunks of up to 1,000. Answers for each payload, in order. An invalid
   * payload is `rejected`, and the others are enqueued.
   * @example
   * const answers = await producer.enqueueMany(sendInvoice, [invoice], {
   *   key: ({ invoice }) => invoice,
   * });
   * @throws OptionsInvalid, ProducerClosed: nothing was enqueued
   * @throws EnqueueStopped when Redis or the payloads' source fails on the way, or `signal` aborts
   *   while the queue is full; it says why, and has the answers until then. It is safe to enqueue
   *   all payloads again when they have keys
   */
  enqueueMany<J extends JobDefinition>(
    job: J,
    payloads: Iterable<PayloadInput<J>> | AsyncIterable<PayloadInput<J>>,
    options?: EnqueueManyOptions<J>,
  ): Promise<EnqueuedRow[]>;
  /**
   * Cancels a job. One that waits or is delayed is taken off its queue at once and answers
   * `cancelled`; the signal of a running one aborts (`requested`). Answers `settled` when it is too
   * late and `unknown` when there is no such job.
   * @example
   * const { id } = await producer.enqueue(sendInvoice, invoice, { delay: '1h' });
   * console.log(await producer.cancel(sendInvoice, id)); // cancelled
   * @throws OptionsInvalid, RedisUnavailable, ProducerClosed
   */
  cancel(job: JobDefinition, id: string): Promise<CancelResult>;
  /** Runs batches, looks at them and acts on them. */
  readonly batches: Batches;
  /**
   * Counts the jobs of each queue under the prefix, by state.
   * @example
   * for (const { queue, waiting } of await producer.queues()) console.log(queue, waiting);
   * @remarks Moves to a package of its own, `@bullpen/control`.
   */
  queues(): Promise<QueueCounts[]>;
  /**
   * Asks what time it is by Redis' clock, in milliseconds since 1970. Hosts may be minutes apart, and
   * Redis' clock counts for all jobs: compare with it the instants in the books of a batch, and make
   * of it the instants for `at` and `expiresAt`.
   * @example
   * const at = new Date((await producer.time()) + 60_000);
   * await producer.enqueue(sendInvoice, invoice, { at });
   * @throws RedisUnavailable, ProducerClosed
   */
  time(): Promise<number>;
  /** Waits for calls that are under way, then closes the connection. Safe to call twice. */
  close(): Promise<void>;
}

/** The default of `ProducerOptions.redisTimeout`. */
export const DEFAULT_REDIS_TIMEOUT = '5s';
