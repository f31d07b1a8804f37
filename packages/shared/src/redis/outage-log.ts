import { explainRedis } from './explain-redis.js';
import { reasonOf, refusesForNow, refusesUs } from './redis-faults.js';

/** What the log of an outage needs. */
export interface OutageLogDeps {
  /** Where Redis is, for messages. */
  readonly address: string;
  readonly log: Readonly<Record<'warn' | 'info', (fields: object, message: string) => void>>;
  /** Called when an outage begins. */
  readonly onBegin?: () => void;
}

/** Without a connection Redis is away. Or it answers, and refuses. */
export type OutageKind = 'away' | 'refusing';

/** What is watched of a client. */
export interface WatchedRedis {
  readonly status: string;
  on(event: 'error' | 'close' | 'ready', listener: (error: Error) => void): unknown;
  off(event: 'error' | 'close' | 'ready', listener: (error: Error) => void): unknown;
}

/** A moment, for people by the host's clock, and for durations by one that nobody sets. */
export interface Moment {
  readonly at: Date;
  readonly tick: number;
}

/**
 * The outage of one connection: whether there is one now, and of which kind. Logs it once when it
 * begins and once when it is over.
 */
export class OutageLog {
  readonly #deps: OutageLogDeps;
  readonly #fields: object;
  #outage: { readonly kind: OutageKind; readonly began: Moment; reason?: string; isExplained: boolean } | undefined;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** @param fields what every line says beside the address */
  constructor(deps: OutageLogDeps, fields: object = {}) {
    this.#deps = deps;
    this.#fields = fields;
  }

  /** Takes lost connections from a client's events. */
  watch(redis: WatchedRedis): void {
    redis.on('error', (error) => this.begin('away', error));
    redis.on('close', () => {
      if (redis.status !== 'end') this.begin('away');
    });
    redis.on('ready', () => this.end('away'));
  }

  get present(): boolean {
    return this.#outage !== undefined;
  }

  /** When the outage began, and the last reason that Redis or the client gave. */
  get now(): { readonly began: Moment; readonly reason?: string } | undefined {
    return this.#outage;
  }

  /**
   * How long ago the last outage ended, in milliseconds. 0 during an outage, infinite before the
   * first.
   */
  get endedAgoMs(): number {
    return this.#outage === undefined ? performance.now() - this.#endedAt : 0;
  }

  /**
   * Begins an outage, unless there is one. A lost connection does not say why. If Redis then refuses
   * the next connection, its reason is logged, too.
   * @param error why; when it is not known, the connection was lost
   */
  begin(kind: OutageKind, error?: unknown): void {
    const { address, log, onBegin } = this.#deps;
    const isNew = this.#outage === undefined;
    this.#outage ??= { kind, began: moment(), isExplained: false };
    const outage = this.#outage;
    if (error !== undefined) outage.reason = explainRedis(reasonOf(error), address);
    const refuses = isRefusal(error);
    if (!isNew && (outage.isExplained || kind === 'refusing' || !refuses)) return;
    outage.isExplained = kind === 'refusing' || refuses;
    const reason = error === undefined ? {} : { reason: outage.reason };
    log.warn({ redis: address, ...this.#fields, ...reason }, `${what(kind, error)}; retrying`);
    if (isNew) onBegin?.();
  }

  /** Ends the outage, if there is one, and of this kind. */
  end(kind = this.#outage?.kind): void {
    if (this.#outage === undefined || this.#outage.kind !== kind) return;
    this.#endedAt = performance.now();
    const durationMs = Math.round(this.#endedAt - this.#outage.began.tick);
    this.#outage = undefined;
    this.#deps.log.info({ redis: this.#deps.address, ...this.#fields, durationMs }, 'redis is available');
  }
}

/** This moment. */
export const moment = (): Moment => ({ at: new Date(), tick: performance.now() });

function what(kind: OutageKind, error: unknown): string {
  if (kind === 'refusing') return 'redis refuses our commands';
  if (isRefusal(error)) return 'redis refuses the connection';
  return error === undefined ? 'redis connection was lost' : 'redis is unavailable';
}

/**
 * Whether Redis answered and refuses, for now or us. Redis let us in once and will again: passwords
 * and permissions change on Redis and here, but not at the same moment. At the start of a worker a
 * refusal of us is final; see `startWorker`.
 */
export const isRefusal = (error: unknown): boolean => refusesForNow(error) || refusesUs(error);
