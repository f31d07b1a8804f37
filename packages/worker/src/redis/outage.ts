import type { Logger } from '@bullpen/shared';
import { isConnectionLoss, isRefusal, lacksPermission, OutageLog, type Redis } from '@bullpen/shared/internal';
import { pause } from './pause.js';

/** How often Redis is asked whether we have all permissions again. */
const ASK_AGAIN_MS = 1_000;

/**
 * What this worker knows about Redis' health, by its main connection. It logs an outage once when
 * it begins and once when it is over, however many commands fail in between.
 *
 * There are two kinds. Without a connection, the client says so. When Redis answers but refuses (a
 * replica after a failover, loading, a disk that is full, a changed password), those who get the
 * refusals report them here. A Redis that is out of memory refuses a worker nothing.
 *
 * A script that lacks a permission stops in its middle, and other scripts go on. So a missing
 * permission is an outage until we have all of them, and meanwhile nothing is fetched or recorded.
 *
 * `SideConnections` watches the other connections of a worker.
 */
export class Outage {
  readonly #redis: Redis;
  readonly #outage: OutageLog;
  #whatIsDenied: (() => Promise<string | undefined>) | undefined;
  #lacksPermission = false;
  /** What was noted. BullMQ's loop reports an error some time later, when the outage may be over. */
  readonly #noted = new WeakSet<object>();

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
    return this.#lacksPermission || this.#outage.present;
  }

  /** Whether a permission is missing that this worker had: whatever it sends may be done by half. */
  get lacksPermission(): boolean {
    return this.#lacksPermission;
  }

  /**
   * From now on a missing permission is an outage until this answers `undefined`.
   * @param whatIsDenied asks Redis what we may not do, and throws when Redis does not answer
   */
  watchPermissions(whatIsDenied: () => Promise<string | undefined>): void {
    this.#whatIsDenied = whatIsDenied;
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
    if (this.#noted.has(error as Error)) return true;
    this.#noted.add(error as Error);
    if (this.#whatIsDenied === undefined || !lacksPermission(error)) this.#outage.begin('refusing', error);
    else if (!this.#lacksPermission) void this.#waitForPermission(error, this.#whatIsDenied);
    return true;
  }

  /** Redis carried out a script that writes. This ends an outage in which it refused. */
  accepted(): void {
    if (!this.#lacksPermission) this.#outage.end('refusing');
  }

  async #waitForPermission(error: unknown, whatIsDenied: () => Promise<string | undefined>): Promise<void> {
    this.#lacksPermission = true;
    for (let isFirst = true; this.#redis.status !== 'end'; isFirst = false) {
      try {
        const denied = await whatIsDenied();
        if (denied === undefined && !isFirst) break;
        // Redis does not always name the command.
        this.#outage.begin('refusing', denied === undefined ? error : new Error(denied));
      } catch {
        this.#outage.begin('refusing', error);
      }
      await pause(ASK_AGAIN_MS);
    }
    if (this.#redis.status === 'end') return;
    this.#lacksPermission = false;
    this.#outage.end('refusing');
  }
}
