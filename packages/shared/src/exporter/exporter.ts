import { randomUUID } from 'node:crypto';
import type { Logger } from '../process/logger.js';
import { within } from '../process/within.js';
import { withHeader } from '../redis/define-scripts.js';
import { exporterKey } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { isConnectionLoss, reasonOf, refusesForNow } from '../redis/redis-faults.js';
import { type QueueDepth, readQueueDepth } from './queue-depth.js';
import { shareCall } from './share-call.js';

/** Options of an {@link Exporter}. */
export interface ExporterOptions {
  readonly redis: Redis;
  readonly prefix: string;
  /** The queues it stands for election for; may return others at each call. */
  readonly queues: () => readonly string[];
  readonly log: Pick<Logger, 'warn'>;
  /**
   * How long a queue stays with an exporter that does not renew it, in milliseconds. Default 6 s. A
   * successor takes the queue within a third of this time afterwards.
   */
  readonly lifeMs?: number;
  /**
   * How long Redis may take to count the jobs, in milliseconds. Default 1 s, because a scrape has a
   * limit as well.
   */
  readonly limitMs?: number;
}

/**
 * A process that nobody scraped for this long does not stand for election any more. Otherwise it
 * would keep queues that nobody hears of. Longer than any usual scrape interval.
 */
const UNASKED_MS = 5 * 60_000;

/** How long giving up may take, in milliseconds: nobody waits for an exporter. */
const GIVE_UP_MS = 500;

/**
 * Takes or renews a queue, unless it is another's. KEYS: the exporter's key. ARGV: owner, life in
 * ms.
 */
const CLAIM = withHeader(
  'frees',
  `
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if owner then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
);

/** Gives a queue up, if it is ours. KEYS: the exporter's key. ARGV: owner. */
const GIVE_UP = withHeader(
  'frees',
  `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`,
);

/**
 * Tells Prometheus how many jobs queues hold. Many processes could do it; for each queue one of
 * them is elected, the one that holds the queue's key. A process stands for election from its first
 * scrape on, as long as it is scraped.
 *
 * A holder measures its time on its own monotonic clock, from before it sent the claim. So it stops
 * before Redis gives the key to another process. Two processes may both tell the same numbers once
 * in two cases: one of them was frozen between its last look at the clock and the end of its
 * answer, or a failover lost the key and the old holder has not renewed it yet.
 */
export class Exporter {
  readonly #options: ExporterOptions;
  readonly #lifeMs: number;
  readonly #owner = randomUUID();
  readonly #heldUntil = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #askedAt = 0;
  #isClosed = false;
  /** Why it could not ask Redis the last time. */
  #fault: string | undefined;
  /** A Redis that does not answer gets the same question only once. */
  readonly #claimRound = shareCall(() => Promise.all(this.#options.queues().map((queue) => this.#claim(queue))));
  /**
   * Counts the jobs of the queues that it is the exporter of. Empty while Redis is away or slow.
   * Never throws.
   */
  readonly count = shareCall((): Promise<QueueDepth[]> => this.#count());

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#lifeMs = options.lifeMs ?? 6_000;
  }

  /** Whether it is the exporter of a queue now. */
  holds(queue: string): boolean {
    return performance.now() < (this.#heldUntil.get(queue) ?? 0);
  }

  /**
   * Gives up its queues, so that another process can take them at once. Takes at most half a
   * second. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#retire();
  }

  async #count(): Promise<QueueDepth[]> {
    const { redis, prefix, queues, limitMs = 1_000 } = this.#options;
    if (this.#isClosed || redis.status !== 'ready') return [];
    const read = async (): Promise<QueueDepth[]> => {
      await this.#standForElection();
      const held = queues().filter((queue) => this.holds(queue));
      return Promise.all(held.map((queue) => readQueueDepth(redis, prefix, queue)));
    };
    const depths = await within(
      limitMs,
      read().catch((error: unknown) => this.#report(error)),
    );
    return (depths ?? []).filter(({ queue }) => this.holds(queue));
  }

  async #standForElection(): Promise<void> {
    this.#askedAt = performance.now();
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#tick(), this.#lifeMs / 3);
    this.#timer.unref();
    await this.#claimAll();
  }

  async #tick(): Promise<void> {
    if (performance.now() - this.#askedAt > UNASKED_MS) await this.#retire();
    else await this.#claimAll();
  }

  async #retire(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const { redis, prefix, queues } = this.#options;
    // Includes queues whose claim Redis has not answered yet.
    const claimed = new Set([...this.#heldUntil.keys(), ...queues()]);
    this.#heldUntil.clear();
    // While Redis is away nothing can be sent; the keys expire by themselves.
    if (redis.status !== 'ready') return;
    const giveUp = (queue: string) => redis.eval(GIVE_UP, 1, exporterKey(prefix, queue), this.#owner);
    await within(GIVE_UP_MS, Promise.all([...claimed].map(giveUp)));
  }

  async #claimAll(): Promise<void> {
    if (this.#options.redis.status === 'ready') await this.#claimRound();
  }

  async #claim(queue: string): Promise<void> {
    const { redis, prefix } = this.#options;
    const askedAt = performance.now();
    try {
      const answer = await redis.eval(CLAIM, 1, exporterKey(prefix, queue), this.#owner, this.#lifeMs);
      if (answer === 1 && this.#timer !== undefined) this.#heldUntil.set(queue, askedAt + this.#lifeMs);
      else this.#heldUntil.delete(queue);
      this.#fault = undefined;
    } catch (error) {
      // It keeps its queues until their time is up.
      this.#report(error);
    }
  }

  /**
   * Logs once why Redis does not let it count. Whoever owns the connection reports lost ones, and a
   * Redis that refuses for now.
   */
  #report(error: unknown): undefined {
    const reason = reasonOf(error);
    if (isConnectionLoss(error) || refusesForNow(error) || this.#isClosed || this.#fault === reason) return;
    this.#fault = reason;
    this.#options.log.warn({ reason }, 'cannot count the jobs of the queues for Prometheus');
  }
}
