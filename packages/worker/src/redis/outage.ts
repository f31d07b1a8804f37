import type { Logger } from '@bullpen/shared';
import { isConnectionLoss, isRefusal, OutageLog, type Redis } from '@bullpen/shared/internal';

/**
 * What this worker knows about Redis' health, by its main connection. It logs an outage once when
 * it begins and once when it is over, however many commands fail in between.
 *
 * There are two kinds. Without a connection, the client says so. When Redis answers but refuses (a
 * replica after a failover, loading, a disk that is full, a changed password), those who get the
 * refusals report them here. A Redis that is out of memory refuses a worker nothing.
 *
 * `SideConnections` watches the other connections of a worker.
 */
export class Outage {
  readonly #redis: Redis;
  readonly #outage: OutageLog;

  /** @param onBegin is called when an outage begins */
  constructor(redis: Redis, address: string, log: Logger, onBegin: () => void = () => undefined) {
    this.#redis = redis;
    this.#outage = new OutageLog({ address, log, onBegin });
    this.#outage.watch(redis);
  }

  /**
   * How long ago the last outage ended, in milliseconds. 0 during an outage, infinite before the
   * first.
   */
  get endedAgoMs(): number {
    return this.#outage.endedAgoMs;
  }

  get present(): boolean {
    return this.#outage.present;
  }

  /** Whether the connection is open and Redis takes our commands. */
  get isConnected(): boolean {
    return this.#redis.status === 'ready' && !this.present;
  }

  /**
   * Whether an error comes from the state of Redis and not from the command. Then the command must
   * be sent again, and the outage is noted.
   */
  noteIfOutage(error: unknown): boolean {
    // The events of the client report lost connections.
    if (isConnectionLoss(error)) return true;
    if (!isRefusal(error)) return false;
    this.#outage.begin('refusing', error);
    return true;
  }

  /** Redis carried out a script that writes. This ends an outage in which it refused. */
  accepted(): void {
    this.#outage.end('refusing');
  }
}
