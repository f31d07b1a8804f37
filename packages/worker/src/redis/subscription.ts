import type { Logger } from '@bullpen/shared';
import { explainRedis, isForbidden, type Redis, reasonOf } from '@bullpen/shared/internal';
import type { SideConnection } from './side-connections.js';

/** How long to wait before a refused subscription is tried again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * How often we subscribe again, in milliseconds. It changes nothing, but it wants an answer: without
 * one the client ends a connection that has fallen silent, on which we would wait for ever.
 */
const AGAIN_MS = 5_000;

/** What a {@link Subscription} needs. */
export interface SubscriptionDeps {
  /** A connection of its own, which its owner closes. */
  readonly redis: Pick<Redis, 'status' | 'on' | 'subscribe'>;
  readonly channels: readonly string[];
  readonly watched: Pick<SideConnection, 'failed' | 'accepted' | 'close'>;
  /** Where Redis is, for messages. */
  readonly address: string;
  readonly log: Logger;
}

/**
 * Subscribes a connection to channels, and again after each reconnect. The client would do that by
 * itself, but a refusal would then be a rejection that nobody handles.
 *
 * A user without permission for the channels is no outage: whoever listens also reads from Redis,
 * only later. It is warned about once.
 */
export class Subscription {
  readonly #deps: SubscriptionDeps;
  #isForbidden = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #answered: () => void = () => undefined;
  /** Resolves when Redis has answered for the first time, or when it is closed. */
  readonly answered: Promise<void>;

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps;
    this.answered = new Promise((resolve) => {
      this.#answered = resolve;
    });
    deps.redis.on('ready', () => void this.#subscribe());
    if (deps.redis.status === 'ready') void this.#subscribe();
  }

  /** Ends the watch as well: a connection that is closed on purpose is not missing. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#deps.watched.close();
    this.#answered();
  }

  async #subscribe(): Promise<void> {
    const { redis, channels, watched, log, address } = this.#deps;
    clearTimeout(this.#timer);
    try {
      await redis.subscribe(...channels);
      watched.accepted();
      if (this.#isForbidden) log.info({ redis: address, channels }, 'cancellations are heard at once again');
      this.#isForbidden = false;
      this.#subscribeIn(AGAIN_MS);
    } catch (error) {
      // Another reconnect subscribes again, and the watch tells lost connections.
      if (this.#isClosed || redis.status !== 'ready') return;
      this.#subscribeIn(RETRY_MS);
      if (isForbidden(error)) this.#warn(error);
      else return watched.failed(error);
    }
    this.#answered();
  }

  #subscribeIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#subscribe(), ms);
  }

  #warn(error: unknown): void {
    if (this.#isForbidden) return;
    this.#isForbidden = true;
    const { address, channels, log } = this.#deps;
    const reason = explainRedis(reasonOf(error), address);
    const message = 'redis does not let us subscribe; running jobs are cancelled some seconds late';
    log.warn({ redis: address, channels, reason }, message);
  }
}
