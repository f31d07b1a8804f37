import type { Logger } from '@bullpen/shared';
import { moment, OutageLog, type Redis, showDuration } from '@bullpen/shared/internal';

/**
 * Tells the pages when Redis is away, and logs that. Redis counts as away from the start until the
 * first connection is ready.
 */
export class Outage {
  readonly #address: string;
  readonly #outage: OutageLog;
  #starting: { readonly began: ReturnType<typeof moment> } | undefined = { began: moment() };

  /** @param address where Redis is, without password */
  constructor(redis: Redis, address: string, log: Logger) {
    this.#address = address;
    this.#outage = new OutageLog({ address, log });
    this.#outage.watch(redis);
    redis.once('ready', () => {
      this.#starting = undefined;
    });
  }

  /** Says to people that Redis is away, since when, and why. `undefined` while Redis is there. */
  get text(): string | undefined {
    const outage = this.#outage.now ?? this.#starting;
    if (outage === undefined) return undefined;
    const { at, tick } = outage.began;
    const long = showDuration(Math.max(1_000, performance.now() - tick));
    const since = `${at.toISOString().replace('T', ' ').slice(0, 19)} UTC`;
    const why = 'reason' in outage ? `: ${outage.reason}` : '';
    return `Redis at ${this.#address} has been away for ${long}, since ${since}${why}. What you see is from before. The dashboard keeps trying to connect.`;
  }
}
