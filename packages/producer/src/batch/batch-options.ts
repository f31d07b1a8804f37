import { type Duration, type Fault, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { isBatchName, MAX_ROWS_PER_JOB, parseDuration, showValue } from '@bullpen/shared/internal';
import { type EnqueueOptions, readTerms } from '../enqueue/enqueue-options.js';
import type { BatchTotals } from '../enqueue/insert.js';
import type { Source } from '../source/source.js';
import type { RejectedRow } from './check-row.js';

/** What a batch is read from: what `openSource` opened, or rows of your own. */
export type BatchSource = Pick<Source, 'blocks' | 'name' | 'format'> & Partial<Pick<Source, 'identity' | 'columns'>>;

/** Options of `batch`. */
export interface BatchOptions extends Pick<EnqueueOptions, 'delay' | 'priority' | 'maxWaiting'> {
  /**
   * Names the batch: the same name is the same batch, and goes on where it stopped. 1 to 100
   * letters, digits, `_`, `-`.
   */
  readonly batch: string;
  readonly source: BatchSource;
  /**
   * The field of each row that holds its key. A key is taken for `keepKeys`, whatever batch its row
   * came in, or until that row fails or is cancelled.
   */
  readonly keyField?: string;
  /** How many rows go into one job on Redis, 1 to 1,000. Default: as the definition says. */
  readonly rowsPerJob?: number;
  /** Keep what the handlers return, up to 16 KiB each, for `batches export --results`. */
  readonly results?: boolean;
  /**
   * How long the books of the batch are kept after they were last written, and its `delay` longer.
   * Choose it longer than rows wait: of a row that ends when they are gone nothing is known.
   * Default `'7d'`.
   */
  readonly keep?: Duration;
  /**
   * How long the keys of its rows stay taken, from when they were added, and the batch's `delay`
   * longer. Default `'7d'`.
   */
  readonly keepKeys?: Duration;
  /** Validate everything, enqueue nothing; Redis is not asked. */
  readonly dryRun?: boolean;
  /**
   * Tell rows that were rejected when the batch was run before, too, also when it was read to its
   * end: they are read and checked again.
   */
  readonly repeatRejected?: boolean;
  /**
   * Stops reading, at once, also while the source has nothing to say; what was read is still sent
   * and counted.
   */
  readonly signal?: AbortSignal;
  /** Is told each rejected row. A promise holds the batch until it settles. */
  readonly onRejected?: (row: RejectedRow) => void | Promise<void>;
  /**
   * Is told how far the batch is in all, now and then: after each chunk; and how many rows had been
   * read before this run.
   */
  readonly onProgress?: (totals: BatchTotals, resumedAt: number) => void;
  /**
   * Is told that the queue is full (`maxWaiting`) and how many jobs wait on it, several times a
   * second while the batch waits for room.
   */
  readonly onFull?: (waiting: number) => void;
}

/** What {@link readBatchOptions} makes of the options. */
export type BatchTerms = Omit<ReturnType<typeof readTerms>, 'expiresAt'> & {
  readonly keepMs: number;
  readonly keepKeysMs: number;
  readonly rowsPerJob: number | undefined;
};

/**
 * Reads the options that are not as they stand.
 * @throws OptionsInvalid with every fault
 */
export function readBatchOptions(job: JobDefinition, options: BatchOptions, now: number): BatchTerms {
  const { batch, rowsPerJob, keep = '7d', keepKeys = '7d', delay = 0, priority = 0, maxWaiting } = options;
  const faults: Fault[] = [];
  if (!isBatchName(batch)) {
    faults.push({ path: 'batch', reason: `expected 1 to 100 letters, digits, '_' or '-', got ${showValue(batch)}` });
  }
  const isCount = Number.isInteger(rowsPerJob) && Number(rowsPerJob) >= 1 && Number(rowsPerJob) <= MAX_ROWS_PER_JOB;
  if (rowsPerJob !== undefined && !isCount) {
    const reason = `expected a whole number from 1 to ${MAX_ROWS_PER_JOB}, got ${showValue(rowsPerJob)}`;
    faults.push({ path: 'rowsPerJob', reason });
  }
  const duration = (path: string, value: unknown): number => {
    const ms = parseDuration(value);
    const reason = typeof ms === 'string' ? ms : ms < MIN_KEEP_MS ? 'must be at least 1s' : undefined;
    if (reason !== undefined) faults.push({ path, reason });
    return Number(ms);
  };
  const keepMs = duration('keep', keep);
  const keepKeysMs = duration('keepKeys', keepKeys);
  if (faults.length > 0) throw new OptionsInvalid('cannot enqueue the batch', faults);
  const terms = readTerms(job, { delay, priority, ...(maxWaiting === undefined ? {} : { maxWaiting }) }, now);
  return { ...terms, keepMs, keepKeysMs, rowsPerJob };
}

const MIN_KEEP_MS = 1_000;
