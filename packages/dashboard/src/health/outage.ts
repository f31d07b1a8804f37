import type { Logger } from '@bullpen/shared';
import { explainRedis, type Redis, reasonOf, showDuration } from '@bullpen/shared/internal';

/** How long the dashboard waits for Redis at its start before it logs that, in milliseconds. */
const LOG_START_AFTER_MS = 1_000;

/**
 * Notices when Redis is away: logs it once when it begins and once when it is over, and tells the
 * pages. Redis counts as away from the start until the first connection is ready.
 */
export class Outage {
  readonly #address: string;
  readonly #log: Logger;
  readonly #startTimer: NodeJS.Timeout;
  #began: { readonly at: Date; readonly tick: number } | undefined = { at: new Date(), tick: performance.now() };
  #isLogged = false;
  #reason: string | undefined;

  /** @param address where Redis is, without password */
  constructor(redis: Redis, address: string, log: Logger) {
    this.#address = address;
    this.#log = log;
    this.#startTimer = setTimeout(() => this.#tell('waiting for Redis'), LOG_START_AFTER_MS);
    this.#startTimer.unref();
    redis.on('error', (error: Error) => {
      if (redis.status === 'ready') return;
      this.#reason = explainRedis(reasonOf(error), address);
      this.#begin('redis is unavailable; retrying');
    });
    redis.on('close', () => {
      if (redis.status !== 'end') this.#begin('redis connection was lost; retrying');
    });
    redis.on('ready', () => this.#end());
    redis.on('end', () => clearTimeout(this.#startTimer));
  }

  /** Says to people that Redis is away, since when, and why. `undefined` while Redis is there. */
  get text(): string | undefined {
    if (this.#began === undefined) return undefined;
    const { at, tick } = this.#began;
    const long = showDuration(Math.max(1_000, performance.now() - tick));
    const since = `${at.toISOString().replace('T', ' ').slice(0, 19)} UTC`;
    const why = this.#reason === undefined ? '' : `: ${this.#reason}`;
    return `Redis at ${this.#address} has been away for ${long}, since ${since}${why}. What you see is from before. The dashboard keeps trying to connect.`;
  }

  #begin(message: string): void {
    if (this.#began !== undefined) return;
    this.#began = { at: new Date(), tick: performance.now() };
    this.#tell(message);
  }

  #tell(message: string): void {
    this.#isLogged = true;
    this.#log.warn({ redis: this.#address, reason: this.#reason }, message);
  }

  #end(): void {
    clearTimeout(this.#startTimer);
    if (this.#began === undefined) return;
    const durationMs = Math.round(performance.now() - this.#began.tick);
    if (this.#isLogged) this.#log.info({ redis: this.#address, durationMs }, 'redis is available');
    this.#began = undefined;
    this.#isLogged = false;
    this.#reason = undefined;
  }
}
