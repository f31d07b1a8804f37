import type { Logger } from '@bullpen/shared';
import {
  explainRedis,
  isConnectionLoss,
  type Redis,
  reasonOf,
  refusesForNow,
  refusesUs,
} from '@bullpen/shared/internal';

/**
 * What this worker knows about Redis' health. It logs an outage once when it begins and once when
 * it is over, however many commands fail in between.
 *
 * There are two kinds. Without a connection, the client says so. When Redis answers but refuses (a
 * replica after a failover, loading, a disk that is full, a changed password), those who get the
 * refusals report them here. A Redis that is out of memory refuses a worker nothing.
 */
export class Outage {
  readonly #address: string;
  readonly #log: Logger;
  readonly #onBegin: () => void;
  #kind: 'away' | 'refusing' | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** @param onBegin is called when an outage begins */
  constructor(redis: Redis, address: string, log: Logger, onBegin: () => void = () => undefined) {
    this.#address = address;
    this.#log = log;
    this.#onBegin = onBegin;
    redis.on('error', (error: Error) => this.#begin('away', 'redis is unavailable; retrying', error));
    redis.on('close', () => {
      if (redis.status !== 'end') this.#begin('away', 'redis connection was lost; retrying');
    });
    redis.on('ready', () => {
      if (this.#kind === 'away') this.#end();
    });
  }

  /**
   * How long ago the last outage ended, in milliseconds. 0 during an outage, infinite before the
   * first.
   */
  get endedAgoMs(): number {
    return this.#kind === undefined ? performance.now() - this.#endedAt : 0;
  }

  get present(): boolean {
    return this.#kind !== undefined;
  }

  /**
   * Whether an error comes from the state of Redis and not from the command. Then the command must
   * be sent again, and the outage is noted.
   */
  noteIfOutage(error: unknown): boolean {
    // The events of the client report lost connections.
    if (isConnectionLoss(error)) return true;
    // Redis let us in once and will again: passwords and permissions change on Redis and here, but
    // not at the same moment. At the start of a worker a refusal is final; see `startWorker`.
    if (!refusesForNow(error) && !refusesUs(error)) return false;
    this.#begin('refusing', 'redis refuses our commands; retrying', error);
    return true;
  }

  /** Redis carried out a script that writes. This ends an outage in which it refused. */
  accepted(): void {
    if (this.#kind === 'refusing') this.#end();
  }

  #begin(kind: 'away' | 'refusing', message: string, error?: unknown): void {
    if (this.#kind !== undefined) return;
    this.#kind = kind;
    const reason = error === undefined ? {} : { reason: explainRedis(reasonOf(error), this.#address) };
    this.#log.warn({ redis: this.#address, ...reason }, message);
    this.#onBegin();
  }

  #end(): void {
    this.#kind = undefined;
    this.#endedAt = performance.now();
    this.#log.info({ redis: this.#address }, 'redis is available');
  }
}
