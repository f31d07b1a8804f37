import { showDuration } from '../job/duration.js';
import type { Redis } from './redis.js';

/**
 * How fast two clocks may drift apart: one millisecond a second, which is ten times what a bad
 * quartz does. A change that is faster is a clock that was set.
 */
const DRIFT = 0.001;

/** A host's clock that is off by less is not worth a word: people see seconds. */
export const MAX_SKEW_MS = 1_000;

/** Asks what time it is by Redis' clock, in milliseconds since 1970. */
export async function fetchTime(redis: Pick<Redis, 'time'>): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/**
 * Knows what time it is by Redis' clock without a trip. Redis' clock is the clock of the whole
 * fleet: hosts may be minutes apart.
 *
 * Redis said its time at some moment between our question and its answer. That bounds by how much
 * its clock is ahead of our monotonic clock. Each answer narrows the bounds, so a slow one does no
 * harm. An answer that contradicts the bounds replaces them: a clock was set, the machine was
 * suspended, or another Redis answers.
 */
export class RedisClock {
  readonly #ask: () => Promise<number>;
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #answeredAt = 0;

  /** @param ask asks Redis what time it is, in milliseconds since 1970 */
  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  /**
   * Asks Redis. Before the first answer the host's clock counts.
   * @throws what `ask` throws
   */
  async sync(): Promise<void> {
    const askedAt = performance.now();
    const time = await this.#ask();
    const answeredAt = performance.now();
    const drift = (answeredAt - this.#answeredAt) * DRIFT;
    // Redis says whole milliseconds: it may be up to one later.
    const [least, most] = [time - answeredAt, time + 1 - askedAt];
    this.#least = Math.max(least, this.#least - drift);
    this.#most = Math.min(most, this.#most + drift);
    if (this.#least > this.#most) [this.#least, this.#most] = [least, most];
    this.#answeredAt = answeredAt;
  }

  /**
   * What time it was, or will be, by Redis' clock.
   * @param uptime an instant of the monotonic clock; default now
   */
  at(uptime = performance.now()): number {
    const offset = this.#isKnown ? (this.#least + this.#most) / 2 : hostOffset();
    return Math.round(uptime + offset);
  }

  /** The latest that it may be now by Redis' clock. */
  latest(): number {
    return Math.ceil(performance.now() + (this.#isKnown ? this.#most : hostOffset()));
  }

  /**
   * By how many milliseconds, at least, the host's clock is ahead of Redis' clock; negative when it
   * is behind. `undefined` before Redis has answered.
   */
  get skewMs(): number | undefined {
    if (!this.#isKnown) return undefined;
    const offset = hostOffset();
    return Math.round(Math.max(0, offset - this.#most) + Math.min(0, offset - this.#least)) || 0;
  }

  get #isKnown(): boolean {
    return this.#most !== Number.POSITIVE_INFINITY;
  }
}

/** By how much the host's clock is ahead of the monotonic clock. It changes when it is set. */
const hostOffset = (): number => Date.now() - performance.now();

/** Says how far a host's clock is from Redis' clock. */
export const showSkew = (skewMs: number): string =>
  `the clock of this host is ${showDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} Redis' clock`;
