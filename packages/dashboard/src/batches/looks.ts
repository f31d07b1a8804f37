import {
  type BatchBooks,
  type BatchView,
  type FailedRow,
  measureProgress,
  type Producer,
  type Progress,
  Rate,
} from '@bullpen/producer';

/** How many failed rows are looked at; a download has them all. */
const ROWS_SHOWN = 20;

/** Who looks again sooner is shown what the last one saw, in milliseconds. */
const SHARED_MS = 1_000;
/** A look takes Redis' time, and workers need it: we rest so many times as long as we looked. */
const REST = 10;
/** Of so many batches the pace is known; a list has a hundred a page. */
const MAX_PACES = 1_000;

/** What is seen of one batch. */
export interface BatchLook {
  readonly progress: Progress<BatchView>;
  /** The first rows that failed. */
  readonly failures: readonly FailedRow[];
}

interface Look<T> {
  readonly result: Promise<T>;
  /** Until when it is shared. */
  until: number;
}

/** What viewers see of batches. Ten tabs and a wall display ask Redis no more often than one. */
export class BatchLooks {
  readonly #producer: Pick<Producer, 'batches'>;
  readonly #now: () => number;
  readonly #looks = new Map<string, Look<unknown>>();
  readonly #paces = new Map<string, Rate>();

  /** @param now milliseconds on a clock that is never set back */
  constructor(producer: Pick<Producer, 'batches'>, now: () => number = () => performance.now()) {
    this.#producer = producer;
    this.#now = now;
  }

  /** All batches by their books, and how fast each goes; the newest first. */
  list(): Promise<readonly Progress<BatchBooks>[]> {
    return this.#share('list', async () => {
      const all = await this.#producer.batches.list();
      return all.map((books) => this.#progress(books));
    });
  }

  /**
   * One batch, with what its open rows are doing, why rows failed and which did so first.
   * @throws BatchUnknown, RedisUnavailable
   */
  show(queue: string, batch: string): Promise<BatchLook> {
    return this.#share(`show ${queue} ${batch}`, async () => {
      const progress = this.#progress(await this.#producer.batches.show(batch, { queue }));
      return { progress, failures: progress.view.failed > 0 ? await this.#firstFailures(queue, batch) : [] };
    });
  }

  async #firstFailures(queue: string, batch: string): Promise<FailedRow[]> {
    const found: FailedRow[] = [];
    for await (const row of this.#producer.batches.failures(batch, { queue })) {
      found.push(row);
      if (found.length === ROWS_SHOWN) break;
    }
    return found;
  }

  #progress<B extends BatchBooks>(view: B): Progress<B> {
    const key = `${view.queue} ${view.batch} ${view.createdAt}`;
    const pace = this.#paces.get(key) ?? new Rate();
    // Put behind all others: the one not looked at for longest is forgotten first.
    this.#paces.delete(key);
    this.#paces.set(key, pace);
    if (this.#paces.size > MAX_PACES) this.#paces.delete(this.#paces.keys().next().value as string);
    return measureProgress(view, pace, this.#now());
  }

  #share<T>(key: string, look: () => Promise<T>): Promise<T> {
    const now = this.#now();
    for (const [other, { until }] of this.#looks) if (until <= now) this.#looks.delete(other);
    const last = this.#looks.get(key) as Look<T> | undefined;
    if (last !== undefined) return last.result;
    const shared: Look<T> = { result: look(), until: Number.POSITIVE_INFINITY };
    this.#looks.set(key, shared);
    const rest = (): void => {
      const ended = this.#now();
      shared.until = ended + Math.max(SHARED_MS, REST * (ended - now));
    };
    // What failed is tried anew by who asks next.
    shared.result.then(rest, () => this.#looks.delete(key));
    return shared.result;
  }
}
