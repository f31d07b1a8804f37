import { isRefusal, type OutageKind, OutageLog, type OutageLogDeps, type WatchedRedis } from '@bullpen/shared/internal';
import type { Outage } from './outage.js';

/**
 * How long a connection may be away before that counts, in milliseconds. When Redis itself is away
 * the main connection tells it, and must have the time to notice.
 */
const TELL_AFTER_MS = 1_000;

/**
 * The connections that a worker has beside its main one: one for each queue that waits for its jobs,
 * and one that hears of cancellations. Redis may refuse one of them alone, when it has as many
 * clients as it may have, or when a permission is missing. Nobody else would tell.
 */
export class SideConnections {
  readonly #outage: Outage;
  readonly #deps: OutageLogDeps;
  readonly #all = new Set<SideConnection>();

  /** @param outage what is known of the main connection */
  constructor(outage: Outage, deps: OutageLogDeps) {
    this.#outage = outage;
    this.#deps = deps;
  }

  /**
   * Watches a connection.
   * @param does what it is there for: `waits for jobs of queue 'mail'`
   */
  watch(redis: WatchedRedis, does: string): SideConnection {
    const connection = new SideConnection(redis, does, this.#outage, this.#deps, () => this.#all.delete(connection));
    this.#all.add(connection);
    return connection;
  }

  /** What the connections do that are away now, or refused. */
  get missing(): readonly string[] {
    return [...this.#all].filter(({ present }) => present).map(({ does }) => does);
  }
}

/** One connection beside the main one, and its outage. */
export class SideConnection {
  readonly does: string;
  readonly #redis: WatchedRedis;
  readonly #main: Outage;
  readonly #outage: OutageLog;
  readonly #forget: () => void;
  /** What is wrong now, whether it was told or not. */
  #wrong: OutageKind | undefined;
  #fault: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: WatchedRedis, does: string, main: Outage, deps: OutageLogDeps, forget: () => void) {
    this.does = does;
    this.#redis = redis;
    this.#main = main;
    this.#outage = new OutageLog(deps, { connection: does });
    this.#forget = forget;
    redis.on('error', this.#onError);
    redis.on('close', this.#onAway);
    redis.on('ready', this.#onReady);
    if (redis.status !== 'ready') this.#onAway();
  }

  get present(): boolean {
    return this.#outage.present;
  }

  /** A command on this connection failed. Its lost connections are told by the client's events. */
  failed(error: unknown): void {
    if (!isRefusal(error)) return;
    this.#fault = error;
    this.#suspect('refusing');
  }

  /** Redis carried out a command on this connection. */
  accepted(): void {
    this.#recover('refusing');
  }

  /** Stops watching. The connection itself is its owner's. */
  close(): void {
    clearTimeout(this.#timer);
    this.#redis.off('error', this.#onError);
    this.#redis.off('close', this.#onAway);
    this.#redis.off('ready', this.#onReady);
    this.#forget();
  }

  readonly #onError = (error: unknown): void => {
    // Redis hangs up when it refuses a client. Its reason may arrive, or only that it hung up.
    if (isRefusal(error) || !isRefusal(this.#fault)) this.#fault = error;
    if (this.#outage.present && this.#wrong !== undefined) this.#outage.begin(this.#wrong, error);
  };

  readonly #onAway = (): void => this.#suspect('away');

  readonly #onReady = (): void => {
    this.#fault = undefined;
    this.#recover('away');
  };

  #suspect(kind: OutageKind): void {
    this.#wrong = kind;
    if (this.#outage.present) return;
    this.#timer ??= setTimeout(() => this.#tell(), TELL_AFTER_MS);
  }

  #tell(): void {
    this.#timer = undefined;
    if (this.#wrong === undefined) return;
    if (this.#main.isConnected) this.#outage.begin(this.#wrong, this.#fault);
    else this.#suspect(this.#wrong);
  }

  #recover(kind: OutageKind): void {
    if (this.#wrong !== kind) return;
    this.#wrong = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#outage.end();
  }
}
