import { JobCancelled } from '@bullpen/shared';
import { cancelledBatch, cancelledBatchesKey, cancelledChannel, queueKeys, type Redis } from '@bullpen/shared/internal';
import { MAX_BATCHES } from '../redis/cancel-scripts.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { LOOK_EVERY_MS, lookEvery } from '../redis/look-timer.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';

/** The most jobs that one call asks about: it takes Redis less than a millisecond. */
const JOBS_PER_CALL = 500;
/** The score in front of the first cancelled batch. */
const NONE = '-inf';
const BATCH = cancelledBatch('');

/** What a worker knows of the cancellations of one queue. */
class QueueCancellations {
  /** Names of batches that were cancelled, as far as we heard. */
  readonly batches = new Set<string>();
  /** The score of the last of them that Redis told us. */
  last = NONE;
  /**
   * Ids of jobs that were published in this interval and the one before: the reply that brings such a
   * job may still be on its way.
   */
  #published = new Set<string>();
  #publishedBefore = new Set<string>();

  publish(jobId: string): void {
    this.#published.add(jobId);
  }

  mayHave(jobId: string): boolean {
    return this.#published.has(jobId) || this.#publishedBefore.has(jobId);
  }

  forget(jobId: string): void {
    this.#published.delete(jobId);
    this.#publishedBefore.delete(jobId);
  }

  endInterval(): void {
    this.#publishedBefore = this.#published;
    this.#published = new Set();
  }
}

/**
 * Which jobs were cancelled. A cancelled job has a mark, which comes with its fetch, so asking costs
 * nothing for each job. A job that runs when it is cancelled, and a batch, are published. In case a
 * publication was missed, Redis is asked every few seconds and after each reconnect, about the jobs
 * that this worker holds and for batches that were cancelled since. A queue on which it holds none
 * is asked about only while it does not hear what is published.
 *
 * What was published is only a hint: publications reach all databases of a Redis, and the job may
 * have been settled since. So Redis is asked before an attempt is aborted.
 */
export class Cancellations {
  readonly #redis: ScriptedRedis;
  readonly #subscriber: Redis;
  readonly #prefix: string;
  readonly #active: ActiveAttempts;
  readonly #hearsSince: () => number | undefined;
  readonly #byQueue: ReadonlyMap<string, QueueCancellations>;
  readonly #stopLooking: () => void;
  /** When the last question was sent that Redis has answered for all queues. */
  #askedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param redis a shared connection, which stays open
   * @param subscriber a connection of its own, which {@link close} closes; a `Subscription` subscribes
   *   it
   * @param hearsSince since when all publications arrive; `undefined` while they do not
   */
  constructor(
    redis: ScriptedRedis,
    subscriber: Redis,
    prefix: string,
    queues: readonly string[],
    active: ActiveAttempts,
    hearsSince: () => number | undefined,
  ) {
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#prefix = prefix;
    this.#active = active;
    this.#hearsSince = hearsSince;
    this.#byQueue = new Map(queues.map((queue) => [queue, new QueueCancellations()]));
    subscriber.on('message', (channel: string, id: string) => {
      const queue = queues.find((name) => cancelledChannel(prefix, name) === channel);
      if (queue !== undefined) void this.#published(queue, id);
    });
    // What was published while it was not connected is read from Redis.
    subscriber.on('ready', () => void this.#readIfConnected(true));
    this.#stopLooking = lookEvery(LOOK_EVERY_MS, () => void this.#readIfConnected(false));
  }

  /**
   * Reads which batches were cancelled before this worker started. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    await this.#read(true);
  }

  /**
   * Whether a job or its batch may have been cancelled. Asks nobody. If it returns true,
   * {@link isCancelled} finds out.
   */
  mayBeCancelled({ cancelled, queue, jobId, batch }: ActiveAttempt): boolean {
    if (cancelled) return true;
    const known = this.#byQueue.get(queue);
    return known?.mayHave(jobId) === true || (batch !== undefined && known?.batches.has(batch) === true);
  }

  /**
   * Whether a job or its batch was cancelled, as Redis says. Never throws: when Redis cannot be asked
   * now, it is asked again in the next interval.
   */
  async isCancelled(attempt: ActiveAttempt): Promise<boolean> {
    const { queue, jobId, batch } = attempt;
    if (attempt.cancelled) return true;
    const isAnswered = await this.#ask(queue, [attempt]).catch(() => undefined);
    if (isAnswered !== undefined && !attempt.cancelled) {
      const known = this.#byQueue.get(queue);
      known?.forget(jobId);
      if (batch !== undefined) known?.batches.delete(batch);
    }
    return attempt.cancelled;
  }

  close(): void {
    this.#stopLooking();
    this.#subscriber.disconnect();
  }

  async #published(queue: string, id: string): Promise<void> {
    const known = this.#byQueue.get(queue);
    if (id.startsWith(BATCH)) known?.batches.add(id.slice(BATCH.length));
    else known?.publish(id);
    const suspects = [...this.#active].filter((attempt) => attempt.queue === queue && this.mayBeCancelled(attempt));
    // When Redis cannot be asked now, it is asked again in the next interval.
    if (suspects.length > 0) await this.#abortCancelled(queue, suspects).catch(() => undefined);
  }

  async #readIfConnected(all: boolean): Promise<void> {
    if (this.#redis.status === 'ready') await this.#read(all).catch(() => undefined);
  }

  /** @param all reads the names of all cancelled batches, not only of those that are new */
  async #read(all: boolean): Promise<void> {
    const askedAt = performance.now();
    const isUpToDate = !all && this.#askedAt > (this.#hearsSince() ?? Number.POSITIVE_INFINITY);
    const reads = [...this.#byQueue].map(async ([queue, known]) => {
      known.endInterval();
      if (all) known.last = NONE;
      const held = [...this.#active].filter((attempt) => attempt.queue === queue && !attempt.cancelled);
      if (held.length > 0 || !isUpToDate) await this.#abortCancelled(queue, held);
    });
    await Promise.all(reads);
    this.#askedAt = askedAt;
  }

  /** Aborts those of these attempts that are cancelled, as Redis says. Also reads names of batches. */
  async #abortCancelled(queue: string, attempts: readonly ActiveAttempt[]): Promise<void> {
    for (let at = 0, hasMore = true; hasMore || at < attempts.length; at += JOBS_PER_CALL) {
      const page = attempts.slice(at, at + JOBS_PER_CALL);
      hasMore = (await this.#ask(queue, page)) === MAX_BATCHES;
      for (const { cancelled, stop } of page) if (cancelled) stop.abort(new JobCancelled());
    }
  }

  /**
   * Asks Redis which of these attempts are cancelled, and notes it, and for new names of batches.
   * @returns how many names there were
   */
  async #ask(queue: string, attempts: readonly ActiveAttempt[]): Promise<number> {
    const known = this.#byQueue.get(queue) as QueueCancellations;
    const { base } = queueKeys(this.#prefix, queue);
    const jobs = attempts.flatMap(({ jobId, batch = '' }) => [jobId, batch]);
    const key = cancelledBatchesKey(this.#prefix, queue);
    const [answers, last, names] = await this.#redis.bullpenCancelledAmong(key, base, known.last, ...jobs);
    known.last = last;
    for (const name of names) known.batches.add(name);
    for (const [at, attempt] of attempts.entries()) if (answers[at] === '1') attempt.noteCancelled();
    return names.length;
  }
}
