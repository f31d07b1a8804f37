import type { Logger } from '@bullpen/shared';
import { explainRedis, isForbidden, type Redis, reasonOf } from '@bullpen/shared/internal';
import { untilNextLook } from './look-timer.js';
import type { SideConnection } from './side-connections.js';

/** How long to wait before a refused subscription is tried again, in milliseconds. */
const RETRY_MS = 2_000;

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
  #hearsSince: number | undefined;
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
    deps.redis.on('ready', () => {
      this.#hearsSince = undefined;
      void this.#subscribe();
    });
    if (deps.redis.status === 'ready') void this.#subscribe();
  }

  /** Ends the watch as well: a connection that is closed on purpose is not missing. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#deps.watched.close();
    this.#answered();
  }

  /**
   * Since when it hears all that is published, by the monotonic clock. `undefined` while it does not.
   */
  get hearsSince(): number | undefined {
    return this.#deps.redis.status === 'ready' ? this.#hearsSince : undefined;
  }

  async #subscribe(): Promise<void> {
    const { redis, channels, watched, log, address } = this.#deps;
    clearTimeout(this.#timer);
    try {
      await redis.subscribe(...channels);
      watched.accepted();
      if (this.#isForbidden) log.info({ redis: address, channels }, 'cancellations are heard at once again');
      this.#isForbidden = false;
      this.#hearsSince ??= performance.now();
      // It changes nothing, but it wants an answer: without one the client ends a connection that has
      // fallen silent, on which we would wait for ever.
      this.#subscribeIn(untilNextLook());
    } catch (error) {
      this.#hearsSince = undefined;
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
