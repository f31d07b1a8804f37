import { randomUUID } from 'node:crypto';
import { within } from '../process/within.js';
import { exporterKey } from '../redis/keys.js';
import type { Redis } from '../redis/redis.js';
import { type QueueDepth, readQueueDepth } from './queue-depth.js';
import { shareCall } from './share-call.js';

/** What an {@link Exporter} needs. */
export interface ExporterDeps {
  readonly redis: Redis;
  readonly prefix: string;
  /** The queues it is a candidate for; may be others at each call. */
  readonly queues: () => readonly string[];
  /**
   * How long a queue stays an exporter's without being renewed, in milliseconds: a successor has it
   * at the latest a third of this later. Default 6 s.
   */
  readonly lifeMs?: number;
  /**
   * How long Redis may take to say how many jobs there are, in milliseconds. Default 1 s: a scrape
   * has a limit as well.
   */
  readonly limitMs?: number;
}

/**
 * Who is not asked for so long is no candidate any more, or a process that nobody scrapes would
 * keep queues to itself. Longer than anybody's scrape interval.
 */
const UNASKED_MS = 5 * 60_000;

/** How long Redis may take to hear that we give up. Nobody waits for an exporter. */
const GIVE_UP_MS = 500;

/**
 * Takes or renews a queue, unless it is another's. KEYS: the exporter's key. ARGV: owner, life in
 * ms.
 */
const CLAIM = `
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if owner then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Gives a queue up, if it is ours. KEYS: the exporter's key. ARGV: owner. */
const GIVE_UP = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * Tells how many jobs queues hold, each queue by one process of all that could: by who holds its
 * key. A candidate from the first time it is asked on, and as long as it is asked again.
 *
 * A holder counts its time from before it asked for it, on its own monotonic clock, so it has
 * stopped before Redis lets another have the key. Only a process that stands still between its last
 * look at that clock and the end of its answer can say for once what its successor says as well;
 * and after a failover that lost the key, whoever held it, until it renews it.
 */
export class Exporter {
  readonly #parts: ExporterDeps;
  readonly #lifeMs: number;
  readonly #owner = randomUUID();
  readonly #heldUntil = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #askedAt = 0;
  #isClosed = false;
  /** A Redis that does not answer is not asked the same again. */
  readonly #claimRound = shareCall(() => Promise.all(this.#parts.queues().map((queue) => this.#claim(queue))));
  /**
   * The queues it is the exporter of, counted: none of them while Redis is away or slow. Never
   * throws.
   */
  readonly count = shareCall((): Promise<QueueDepth[]> => this.#count());

  constructor(parts: ExporterDeps) {
    this.#parts = parts;
    this.#lifeMs = parts.lifeMs ?? 6_000;
  }

  /** Whether it is the exporter of a queue, at this moment. */
  holds(queue: string): boolean {
    return performance.now() < (this.#heldUntil.get(queue) ?? 0);
  }

  /**
   * Gives up what it holds, so that another has it at once. Takes half a second at most; safe to
   * call twice.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#retire();
  }

  async #count(): Promise<QueueDepth[]> {
    const { redis, prefix, queues, limitMs = 1_000 } = this.#parts;
    if (this.#isClosed || redis.status !== 'ready') return [];
    const read = async (): Promise<QueueDepth[]> => {
      await this.#stand();
      const held = queues().filter((queue) => this.holds(queue));
      return Promise.all(held.map((queue) => readQueueDepth(redis, prefix, queue)));
    };
    const depths = await within(limitMs, read());
    return (depths ?? []).filter(({ queue }) => this.holds(queue));
  }

  /** Becomes a candidate, unless it is one. */
  async #stand(): Promise<void> {
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
    const { redis, prefix, queues } = this.#parts;
    // Also those whose claim Redis has not answered yet.
    const claimed = new Set([...this.#heldUntil.keys(), ...queues()]);
    this.#heldUntil.clear();
    // Redis away: then the keys run out by themselves.
    if (redis.status !== 'ready') return;
    const giveUp = (queue: string) => redis.eval(GIVE_UP, 1, exporterKey(prefix, queue), this.#owner);
    await within(GIVE_UP_MS, Promise.all([...claimed].map(giveUp)));
  }

  async #claimAll(): Promise<void> {
    if (this.#parts.redis.status === 'ready') await this.#claimRound();
  }

  async #claim(queue: string): Promise<void> {
    const { redis, prefix } = this.#parts;
    const askedAt = performance.now();
    try {
      const answer = await redis.eval(CLAIM, 1, exporterKey(prefix, queue), this.#owner, this.#lifeMs);
      if (answer === 1 && this.#timer !== undefined) this.#heldUntil.set(queue, askedAt + this.#lifeMs);
      else this.#heldUntil.delete(queue);
    } catch {
      // What it holds it holds until its time is up. An outage is for others to tell.
    }
  }
}
