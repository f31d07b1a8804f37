import {
  batchesKey,
  batchKeys,
  cancelledBatch,
  cancelledChannel,
  cancelledKey,
  type Redis,
} from '@bullpen/shared/internal';
import type { BatchView } from '../books/batch-view.js';
import { bookKeys, fetchBooks } from '../books/books.js';
import { unknownBatch } from '../books/find-batch.js';
import { showBatch } from '../books/show-batch.js';
import type { RedisReading } from '../enqueue/redis-access.js';
import { CANCEL_BATCH_SCRIPT, PEEK_SCRIPT, SWEEP_SCRIPT } from './cancel-script.js';
import { type Keying, keysOfJobs } from './row-keys.js';

/** What became of a batch that was cancelled. */
export interface CancelledBatch extends BatchView {
  /**
   * What was found: rows to cancel; or a batch that was cancelled before (what is still open of it
   * is cancelled again), or settled, which then stays as it was.
   */
  readonly found: 'open' | 'cancelled' | 'settled';
  /**
   * How many rows were taken off the queue by this call. What a worker has in hand, or picks up
   * meanwhile, it cancels itself: that is not in here, but in `cancelled`, as soon as it has.
   */
  readonly cancelledNow: number;
}

/** Options of `batches.cancel`, beside which batch. */
export interface CancelBatchOptions {
  /** Is told how many rows were taken off the queue so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

const JOBS_A_PAGE = 500;
/**
 * A job goes from the first to the last of these, never back, unless a worker had it in hand: then
 * the worker cancels it.
 */
const PARTS = ['delayed', 'prioritized', 'wait'] as const;
type Part = (typeof PARTS)[number];

type Noted = [found: CancelledBatch['found'] | 'unknown', takenOff: string];
type WithCancel = Redis & {
  bullpenCancelBatch(...args: (string | number)[]): Promise<Noted>;
  bullpenPeek(...args: (string | number)[]): Promise<[looked: number, ...idsAndPayloads: string[]]>;
  bullpenSweep(...args: (string | number)[]): Promise<[next: number, jobs: number, takenOff: string]>;
};

/** Teaches a connection the scripts that cancel batches; once per connection. */
export function defineCancelBatch(redis: Redis): void {
  redis.defineCommand('bullpenCancelBatch', { numberOfKeys: 7, lua: CANCEL_BATCH_SCRIPT });
  redis.defineCommand('bullpenPeek', { numberOfKeys: 2, lua: PEEK_SCRIPT });
  redis.defineCommand('bullpenSweep', { numberOfKeys: 9, lua: SWEEP_SCRIPT });
}

/**
 * Cancels what is open of a batch: nothing is added to it any more, running rows have their signals
 * aborted, and the jobs that wait are taken off the queue. Safe to repeat, and to be repeated when
 * it was interrupted.
 * @throws BatchUnknown when it is not there (any more)
 */
export async function cancelBatch(
  queue: string,
  batch: string,
  { onProgress }: CancelBatchOptions,
  access: RedisReading,
): Promise<CancelledBatch> {
  const { prefix, ask } = access;
  const keys = batchKeys(prefix, queue, batch);
  const channel = cancelledChannel(prefix, queue);
  const noting = [...bookKeys(keys), batchesKey(prefix, queue), cancelledKey(prefix, queue), batch];
  // The same for every time it is sent: so the call knows its own note again.
  const now = Date.now();
  const [found, before] = await ask((redis) =>
    (redis as WithCancel).bullpenCancelBatch(...noting, cancelledBatch(batch), now, channel),
  );
  if (found === 'unknown') throw await unknownBatch(batch, queue, access);
  let cancelledNow = 0;
  if (found !== 'settled') {
    const books = await ask((redis) => fetchBooks(redis, { prefix, queue, batch }));
    const sweeper = new Sweeper(queue, batch, books && keyingOf(books), access, (takenOff) => {
      cancelledNow = takenOff - Number(before);
      onProgress?.(cancelledNow);
    });
    await sweeper.sweep();
  }
  return { ...(await showBatch(queue, batch, access)), found, cancelledNow };
}

const keyingOf = ({ job, keyField }: { job: string; keyField: string | undefined }): Keying | undefined =>
  keyField === undefined ? undefined : { job, keyField };

/** Takes the jobs of one batch off a queue. */
class Sweeper {
  readonly #base: string;
  readonly #batch: string;
  readonly #fates: string;
  readonly #others: readonly string[];
  readonly #keying: Keying | undefined;
  readonly #ask: RedisReading['ask'];
  readonly #onProgress: (takenOff: number) => void;

  constructor(
    queue: string,
    batch: string,
    keying: Keying | undefined,
    { prefix, ask }: RedisReading,
    onProgress: (takenOff: number) => void,
  ) {
    const keys = batchKeys(prefix, queue, batch);
    this.#base = `${prefix}:${queue}:`;
    this.#batch = batch;
    this.#fates = keys.fates;
    this.#others = [`${this.#base}events`, `${this.#base}meta`, ...bookKeys(keys)];
    this.#keying = keying;
    this.#ask = ask;
    this.#onProgress = onProgress;
  }

  /** Passes over the queue until a pass finds nothing: while one goes on, jobs move. */
  async sweep(): Promise<void> {
    let found: number;
    do {
      found = 0;
      for (const part of PARTS) found += await this.#sweepPart(part);
    } while (found > 0);
  }

  async #sweepPart(part: Part): Promise<number> {
    let found = 0;
    for (let from = 0; from >= 0; ) {
      const window = this.#keying === undefined ? { size: JOBS_A_PAGE } : await this.#peek(part, from, this.#keying);
      if (window.size === 0) break;
      if (window.keys === '{}') {
        from += window.size;
        continue;
      }
      const args = [
        this.#base,
        this.#batch,
        part,
        from,
        window.size,
        ...(window.keys === undefined ? [] : [window.keys]),
      ];
      const [next, jobs, takenOff] = await this.#ask((redis) =>
        (redis as WithCancel).bullpenSweep(this.#base + part, this.#fates, ...this.#others, ...args),
      );
      from = next;
      found += jobs;
      // Also when nothing was found: the answer before this one may have been lost.
      if (takenOff !== '0') this.#onProgress(Number(takenOff));
    }
    return found;
  }

  /**
   * The keys of the rows in a window: they go in the call that takes their jobs out, so that none
   * stays taken for a job that is gone.
   */
  async #peek(part: Part, from: number, keying: Keying): Promise<{ size: number; keys?: string }> {
    const [size, ...jobs] = await this.#ask((redis) =>
      (redis as WithCancel).bullpenPeek(
        this.#base + part,
        this.#fates,
        this.#base,
        this.#batch,
        part,
        from,
        JOBS_A_PAGE,
      ),
    );
    return { size, keys: JSON.stringify(keysOfJobs(jobs, keying)) };
  }
}
