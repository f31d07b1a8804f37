import {
  type BatchBooks,
  type BatchView,
  type FailedRow,
  type FailuresOptions,
  measureProgress,
  type Producer,
  type Progress,
  Rate,
} from '@bullpen/producer';
import { hasCode, RedisUnavailable } from '@bullpen/shared';

/** How many failed rows a snapshot has; a download has them all. */
const MAX_FAILURES = 20;

/** How long viewers share a snapshot at least, in milliseconds. */
const SHARED_MS = 1_000;
/**
 * A snapshot takes time of Redis, which workers need. So viewers share it for this many times as
 * long as it took.
 */
const SHARED_FACTOR = 10;
/** The most batches whose rate is remembered. A page of the list has a hundred. */
const MAX_RATES = 1_000;

/**
 * The most snapshots that are kept for an outage. A snapshot of a batch has up to twenty payloads,
 * and a payload up to a megabyte.
 */
const MAX_KNOWN = 8;

/** A snapshot of one batch. */
export interface BatchSnapshot {
  readonly progress: Progress<BatchView>;
  /** The first rows that failed. */
  readonly failures: readonly FailedRow[];
  /** The rows that are examples of reasons, and are still failed. */
  readonly examples: readonly FailedRow[];
}

/** Redis is away. `known` is the last snapshot from before. */
export class SnapshotOutdated extends RedisUnavailable {
  readonly known: unknown;

  constructor(known: unknown, cause: RedisUnavailable) {
    super(cause.message, { cause, unanswered: false });
    this.known = known;
  }
}

interface Shared<T> {
  readonly result: Promise<T>;
  /** The end of sharing it. */
  until: number;
}

/**
 * Snapshots of batches that all viewers share: ten tabs and a wall display ask Redis no more often
 * than one.
 */
export class BatchSnapshots {
  readonly #producer: Pick<Producer, 'batches'>;
  readonly #now: () => number;
  readonly #shared = new Map<string, Shared<unknown>>();
  readonly #known = new Map<string, unknown>();
  readonly #rates = new Map<string, Rate>();

  /** @param now milliseconds on a clock that is never set back */
  constructor(producer: Pick<Producer, 'batches'>, now: () => number = () => performance.now()) {
    this.#producer = producer;
    this.#now = now;
  }

  /**
   * All batches by their books, each with its rate; the newest first.
   * @throws SnapshotOutdated, RedisUnavailable
   */
  list(): Promise<readonly Progress<BatchBooks>[]> {
    return this.#share('list', async () => {
      const all = await this.#producer.batches.list();
      return all.map((books) => this.#progress(books));
    });
  }

  /**
   * One batch, with the states of its open rows, the reasons of failures and the first failed rows.
   * @throws BatchUnknown, SnapshotOutdated, RedisUnavailable
   */
  show(queue: string, batch: string): Promise<BatchSnapshot> {
    return this.#share(`show ${queue} ${batch}`, async () => {
      const progress = this.#progress(await this.#producer.batches.show({ name: batch, queue }));
      const { failed, reasons } = progress.view;
      if (failed === 0) return { progress, failures: [], examples: [] };
      const rows = reasons.flatMap(({ example }) => example?.row ?? []);
      const failures = await this.#readFailures({ name: batch, queue });
      const examples = rows.length > 0 ? await this.#readFailures({ name: batch, queue, rows }) : [];
      return { progress, failures, examples };
    });
  }

  async #readFailures(which: FailuresOptions): Promise<FailedRow[]> {
    const found: FailedRow[] = [];
    for await (const row of this.#producer.batches.failures(which)) {
      // A page shows values, and redacts them. The text of a payload would take as much again.
      found.push({ ...row, json: undefined });
      if (found.length === MAX_FAILURES) break;
    }
    return found;
  }

  #progress<B extends BatchBooks>(view: B): Progress<B> {
    const key = `${view.queue} ${view.name} ${view.createdAt}`;
    const rate = this.#rates.get(key) ?? new Rate();
    // Moves it behind all others, so that the batch that nobody viewed for longest is forgotten
    // first.
    this.#rates.delete(key);
    this.#rates.set(key, rate);
    if (this.#rates.size > MAX_RATES) this.#rates.delete(this.#rates.keys().next().value as string);
    return measureProgress(view, rate, this.#now());
  }

  #share<T>(key: string, take: () => Promise<T>): Promise<T> {
    const now = this.#now();
    for (const [other, { until }] of this.#shared) if (until <= now) this.#shared.delete(other);
    const last = this.#shared.get(key) as Shared<T> | undefined;
    if (last !== undefined) return last.result;
    const shared: Shared<T> = { result: this.#keep(key, take()), until: Number.POSITIVE_INFINITY };
    this.#shared.set(key, shared);
    const limit = (): void => {
      const ended = this.#now();
      shared.until = ended + Math.max(SHARED_MS, SHARED_FACTOR * (ended - now));
    };
    // A failure is not shared with later viewers: they try again.
    shared.result.then(limit, () => this.#shared.delete(key));
    return shared.result;
  }

  /** Keeps the snapshot for an outage. In an outage, hands out the one that was kept. */
  async #keep<T>(key: string, taken: Promise<T>): Promise<T> {
    try {
      const snapshot = await taken;
      this.#known.delete(key);
      this.#known.set(key, snapshot);
      if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
      return snapshot;
    } catch (error) {
      if (hasCode<RedisUnavailable>(error, 'BULLPEN_REDIS_UNAVAILABLE') && this.#known.has(key)) {
        throw new SnapshotOutdated(this.#known.get(key), error);
      }
      throw error;
    }
  }
}
