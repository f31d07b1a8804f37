import type { Logger } from '@bullpen/shared';
import { explainRedis, reasonOf, refusesForNow, refusesUs } from '@bullpen/shared/internal';

/** What the log of an outage needs. */
export interface OutageLogDeps {
  /** Where Redis is, for messages. */
  readonly address: string;
  readonly log: Logger;
  /** Called when an outage begins. */
  readonly onBegin: () => void;
}

/** Without a connection Redis is away. Or it answers, and refuses. */
export type OutageKind = 'away' | 'refusing';

/**
 * The outage of one connection: whether there is one now, and of which kind. Logs it once when it
 * begins and once when it is over.
 */
export class OutageLog {
  readonly #deps: OutageLogDeps;
  readonly #fields: object;
  #kind: OutageKind | undefined;
  #isExplained = false;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** @param fields what every line says beside the address */
  constructor(deps: OutageLogDeps, fields: object = {}) {
    this.#deps = deps;
    this.#fields = fields;
  }

  get present(): boolean {
    return this.#kind !== undefined;
  }

  /**
   * How long ago the last outage ended, in milliseconds. 0 during an outage, infinite before the
   * first.
   */
  get endedAgoMs(): number {
    return this.#kind === undefined ? performance.now() - this.#endedAt : 0;
  }

  /**
   * Begins an outage, unless there is one. A lost connection does not say why. If Redis then refuses
   * the next connection, its reason is logged, too.
   * @param error why; when it is not known, the connection was lost
   */
  begin(kind: OutageKind, error?: unknown): void {
    const isTold = this.#kind !== undefined;
    const refuses = isRefusal(error);
    if (isTold && (this.#isExplained || kind === 'refusing' || !refuses)) return;
    const { address, log, onBegin } = this.#deps;
    this.#kind ??= kind;
    this.#isExplained = kind === 'refusing' || refuses;
    const reason = error === undefined ? {} : { reason: explainRedis(reasonOf(error), address) };
    log.warn({ redis: address, ...this.#fields, ...reason }, `${what(kind, error)}; retrying`);
    if (!isTold) onBegin();
  }

  /** Ends the outage, if there is one, and of this kind. */
  end(kind = this.#kind): void {
    if (this.#kind === undefined || this.#kind !== kind) return;
    this.#kind = undefined;
    this.#endedAt = performance.now();
    this.#deps.log.info({ redis: this.#deps.address, ...this.#fields }, 'redis is available');
  }
}

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
