import { type Duration, OptionsInvalid } from '@bullpen/shared';
import {
  isBatchName,
  isOptions,
  MAX_ROWS_PER_JOB,
  type OptionTable,
  optionFaults,
  parseDuration,
  showValue,
} from '@bullpen/shared/internal';
import { countFaults, type EnqueueOptions, parseSharedOptions } from '../enqueue/enqueue-options.js';
import type { BatchTotals } from '../enqueue/insert-reply.js';
import type { Source } from '../source/source.js';
import type { RejectedRow } from './check-row.js';
import { DEFAULT_KEEP } from './default-keep.js';
import { kindFaults, sourceFaults } from './option-kinds.js';

/**
 * What a batch is read from: a source that `openSource` opened, or rows of your own.
 * @example
 * async function* blocks(): AsyncGenerator<SourceRow[]> {
 *   yield [{ row: 1, line: undefined, text: url, ok: true, value: { url, width: 640 } }];
 * }
 * const source: BatchSource = { blocks: blocks(), name: 'a query', format: 'ndjson' };
 */
export type BatchSource = Pick<Source, 'blocks' | 'name' | 'format'> &
  Partial<Pick<Source, 'delimiter' | 'identity' | 'columns'>>;

/** Options of `batches.run`. */
export interface BatchOptions extends Pick<EnqueueOptions, 'delay' | 'priority' | 'maxWaiting'> {
  /**
   * The name of the batch: 1 to 100 letters, digits, `_` or `-`. The same name is the same batch: a
   * second run goes on where the first one stopped.
   */
  readonly name: string;
  /** Where the rows come from. A source can be read once. */
  readonly source: BatchSource;
  /**
   * The field of each row that holds its key. A key stays taken for `keepKeys`, for rows of any
   * batch. It becomes free earlier when its row fails or is cancelled.
   */
  readonly keyField?: string | undefined;
  /** How many rows go into one job on Redis, 1 to 1,000. Default: as the definition says. */
  readonly rowsPerJob?: number | undefined;
  /** Keep what the handlers return, up to 16 KiB each, for `batches export --results`. */
  readonly results?: boolean | undefined;
  /**
   * How long the books of the batch are kept after they were last written; the `delay` of the batch
   * is added. Choose it longer than rows wait: when a row ends after its books are gone, nothing is
   * known of it. At least `'1s'`. Default `'7d'`.
   */
  readonly keep?: Duration | undefined;
  /**
   * How long the keys of the rows stay taken after the rows were added; the `delay` of the batch is
   * added. At least `'1s'`. Default `'7d'`.
   */
  readonly keepKeys?: Duration | undefined;
  /** Check every row and enqueue nothing. Redis is not asked. */
  readonly dryRun?: boolean | undefined;
  /**
   * Call `onRejected` also for rows that earlier runs rejected. They are read and checked again,
   * even when the source had been read to its end.
   */
  readonly repeatRejected?: boolean | undefined;
  /**
   * Stops the reading at once, also while the source gives no rows. What was read is still sent and
   * counted.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called with each rejected row. When it returns a promise, the batch waits for it. */
  readonly onRejected?: ((row: RejectedRow) => void | Promise<void>) | undefined;
  /**
   * Called after each chunk with how far the batch is in all, and how many rows had been read
   * before this run.
   */
  readonly onProgress?: ((totals: BatchTotals, resumedAt: number) => void) | undefined;
  /**
   * Called several times a second while the queue is full (`maxWaiting`), with how many jobs wait
   * on it.
   */
  readonly onFull?: ((waiting: number) => void) | undefined;
}

/** What {@link parseBatchOptions} returns. */
export type ParsedBatchOptions = Omit<ReturnType<typeof parseSharedOptions>, 'expiresAt'> & {
  readonly keepMs: number;
  readonly keepKeysMs: number;
  readonly rowsPerJob: number | undefined;
};

const MIN_KEEP_MS = 1_000;

const KEY_FIELD = 'write keyField, the field of each row that holds its key';

const OPTIONS: OptionTable<BatchOptions> = {
  ...{ name: true, source: true, keyField: true, rowsPerJob: true, results: true, keep: true, keepKeys: true },
  ...{ delay: true, priority: true, maxWaiting: true, dryRun: true, repeatRejected: true, signal: true },
  ...{ onRejected: true, onProgress: true, onFull: true },
  batch: 'write name',
  key: KEY_FIELD,
  jobId: KEY_FIELD,
  id: KEY_FIELD,
  deduplication: KEY_FIELD,
  at: 'write delay',
  runAt: 'write delay',
  timestamp: 'write delay',
  expiresIn: 'write it in defineJob',
  expiresAt: 'write expiresIn in defineJob',
};

/**
 * Checks the options of a batch, and turns durations into milliseconds.
 * @throws OptionsInvalid with every fault
 */
export function parseBatchOptions(options: BatchOptions): ParsedBatchOptions {
  const {
    name,
    source,
    rowsPerJob,
    keep = DEFAULT_KEEP,
    keepKeys = DEFAULT_KEEP,
    delay,
    priority,
    maxWaiting,
  } = isOptions(options) ? options : ({} as Partial<BatchOptions>);
  const faults = [...optionFaults(options, OPTIONS, 'batches.run'), ...kindFaults({ ...options })];
  if (!isBatchName(name)) {
    faults.push({ path: 'name', reason: `expected 1 to 100 letters, digits, '_' or '-', got ${showValue(name)}` });
  }
  faults.push(...sourceFaults(source));
  if (rowsPerJob !== undefined) faults.push(...countFaults('rowsPerJob', rowsPerJob, MAX_ROWS_PER_JOB));
  const duration = (path: string, value: unknown): number => {
    const ms = parseDuration(value);
    const reason =
      typeof ms === 'string' ? ms : ms < MIN_KEEP_MS ? `expected at least 1s, got ${showValue(value)}` : undefined;
    if (reason !== undefined) faults.push({ path, reason });
    return Number(ms);
  };
  const keepMs = duration('keep', keep);
  const keepKeysMs = duration('keepKeys', keepKeys);
  const parsed = parseSharedOptions({ delay, priority, maxWaiting }, faults);
  if (faults.length > 0) throw new OptionsInvalid('cannot enqueue the batch', faults);
  return { ...parsed, keepMs, keepKeysMs, rowsPerJob };
}
