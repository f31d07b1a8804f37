import type { Logger } from '@bullpen/shared';
import {
  isConnectionLoss,
  isOutOfMemory,
  type Redis,
  reasonOf,
  refusesForNow,
  refusesUs,
} from '@bullpen/shared/internal';

/** Longer than an idle worker goes without a fetch, which a full Redis refuses. */
const STILL_FULL_MS = 5_000;

/**
 * What this worker knows of Redis' health. An outage is logged once when it begins and once when it
 * is over, however many commands fail in between.
 *
 * There are two kinds: no connection, which the client tells; and a Redis that answers but refuses
 * (a replica after a failover, loading, out of memory, a password that was changed), which whoever
 * gets the answer tells here.
 */
export class Outage {
  readonly #address: string;
  readonly #log: Logger;
  readonly #toldOf: () => void;
  #kind: 'away' | 'refusing' | undefined;
  /** When Redis last said that it has no room. */
  #fullAt = Number.NEGATIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** @param began is called when an outage begins */
  constructor(redis: Redis, address: string, log: Logger, began: () => void = () => undefined) {
    this.#address = address;
    this.#log = log;
    this.#toldOf = began;
    redis.on('error', (error: Error) => this.#began('away', 'redis is unavailable; retrying', error));
    redis.on('close', () => {
      if (redis.status !== 'end') this.#began('away', 'redis connection was lost; retrying');
    });
    redis.on('ready', () => {
      // It may be another one, or the same started anew.
      this.#fullAt = Number.NEGATIVE_INFINITY;
      if (this.#kind === 'away') this.#over();
    });
  }

  /** How long ago the last outage was over, in milliseconds; 0 during one. */
  get overForMs(): number {
    return this.#kind === undefined ? performance.now() - this.#endedAt : 0;
  }

  get present(): boolean {
    return this.#kind !== undefined;
  }

  /**
   * Whether an error is Redis' state and no fault of the command: then the command is to be sent
   * again. Notes it if so.
   */
  noteIfOutage(error: unknown): boolean {
    // The client's own events tell of lost connections.
    if (isConnectionLoss(error)) return true;
    // Who was let in once will be again: passwords and permissions are changed on Redis and here,
    // and not at the same moment. At the start it is another matter.
    if (!refusesForNow(error) && !refusesUs(error)) return false;
    if (isOutOfMemory(error)) this.#fullAt = performance.now();
    this.#began('refusing', 'redis refuses our commands; retrying', error);
    return true;
  }

  /** Redis carried out a command that writes. */
  accepted(): void {
    if (this.#kind === 'refusing') this.#over();
  }

  /**
   * Redis carried out a command that writes nothing new. A full one does that, and is still full;
   * but one that is asked for jobs every few seconds would have said so again.
   */
  acceptedSmall(): void {
    if (performance.now() - this.#fullAt > STILL_FULL_MS) this.accepted();
  }

  #began(kind: 'away' | 'refusing', message: string, error?: unknown): void {
    if (this.#kind !== undefined) return;
    this.#kind = kind;
    const reason = error === undefined ? {} : { reason: reasonOf(error) };
    this.#log.warn({ redis: this.#address, ...reason }, message);
    this.#toldOf();
  }

  #over(): void {
    this.#kind = undefined;
    this.#fullAt = Number.NEGATIVE_INFINITY;
    this.#endedAt = performance.now();
    this.#log.info({ redis: this.#address }, 'redis is available');
  }
}
