import type { Logger } from '@bullpen/shared';
import { fetchTime, MAX_SKEW_MS, type Redis, RedisClock, showSkew } from '@bullpen/shared/internal';
import { LOOK_EVERY_MS, lookEvery } from './look-timer.js';

/** What {@link ClockWatch} needs. */
export interface ClockWatchDeps {
  readonly redis: Pick<Redis, 'status' | 'time' | 'on'>;
  readonly log: Logger;
}

const ADVICE =
  'jobs go by the clock of Redis, but instants that handlers compute go by the clock of this host: set the clocks of both hosts by NTP';

/**
 * Keeps a worker's knowledge of Redis' clock, and says when the clock of this host is off by a second
 * or more: once for each change of a second.
 */
export class ClockWatch {
  readonly clock: RedisClock;
  readonly #deps: ClockWatchDeps;
  readonly #stopLooking: () => void;
  /** The skew that the log knows of. */
  #loggedMs = 0;
  #isAsking = false;

  constructor(deps: ClockWatchDeps) {
    this.#deps = deps;
    this.clock = new RedisClock(() => fetchTime(deps.redis as Redis));
    // Another server may answer after a reconnect.
    deps.redis.on('ready', () => void this.#syncIfConnected());
    this.#stopLooking = lookEvery(LOOK_EVERY_MS, () => void this.#syncIfConnected());
  }

  /**
   * Asks Redis for the first time. Await it before the first fetch.
   * @throws what Redis throws
   */
  async load(): Promise<void> {
    await this.clock.sync();
    this.#report();
  }

  close(): void {
    this.#stopLooking();
  }

  async #syncIfConnected(): Promise<void> {
    // A question that waits for its answer is asked again after a reconnect.
    if (this.#deps.redis.status !== 'ready' || this.#isAsking) return;
    this.#isAsking = true;
    await this.load().catch(() => undefined);
    this.#isAsking = false;
  }

  #report(): void {
    const { skewMs = 0 } = this.clock;
    if (Math.abs(skewMs - this.#loggedMs) < MAX_SKEW_MS) return;
    const isOff = Math.abs(skewMs) >= MAX_SKEW_MS;
    this.#loggedMs = isOff ? skewMs : 0;
    if (isOff) this.#deps.log.warn({ skewMs }, `${showSkew(skewMs)}; ${ADVICE}`);
    else this.#deps.log.info({ skewMs }, "the clock of this host agrees with Redis' clock again");
  }
}
