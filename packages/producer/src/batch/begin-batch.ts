import { BatchConflict, type Fault, type JobDefinition } from '@bullpen/shared';
import { writeDuration } from '@bullpen/shared/internal';
import { beginBooks } from '../books/begin-books.js';
import type { BatchBooks } from '../books/books.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import type { BatchOptions, ParsedBatchOptions } from './batch-options.js';
import { sourceChanged } from './source-changed.js';

/**
 * Begins the books of a batch, or finds those of an earlier run. Checks that they belong to the
 * same batch.
 * @throws BatchConflict when a batch of this name has other options or was cancelled; SourceInvalid
 *   when it has another source
 */
export async function beginBatch(
  job: JobDefinition,
  { name, source, keyField, results = false }: BatchOptions,
  { keepMs, keepKeysMs, delayMs, priority, rowsPerJob }: ParsedBatchOptions,
  { ask, prefix }: RedisAccess,
): Promise<BatchBooks> {
  const { bytes, sha256 } = source.identity ?? { bytes: undefined, sha256: undefined };
  const place = { prefix, queue: job.queue, batch: name, now: Date.now() };
  const books = await ask((redis) =>
    beginBooks(redis, place, {
      ...{ job: job.name, source: source.name, format: source.format, bytes, sha256, keyField, results },
      ...{ delimiter: source.delimiter, rowsPerJob: rowsPerJob ?? job.rowsPerJob, delayMs, priority },
      // Counted from when the rows are due. Books that expired earlier would not know how any row
      // ended.
      ...{ keepMs: keepMs + delayMs, keepKeysMs: keepKeysMs + delayMs },
    }),
  );
  const now = {
    ...{ job: job.name, delimiter: source.delimiter, keyField, delayMs, priority, results },
    rowsPerJob: rowsPerJob ?? books.rowsPerJob,
  };
  const faults = differences(books, now);
  const batch = { name, queue: job.queue };
  if (faults.length > 0) throw new BatchConflict(batch, `batch '${name}' exists with other options`, faults);
  if (books.cancelledAt !== undefined) {
    throw new BatchConflict(batch, `batch '${name}' was cancelled; give it another name to enqueue its rows again`);
  }
  const how = howSourceChanged(books, { format: source.format, bytes, sha256 });
  if (how !== undefined) throw sourceChanged(batch, how);
  return books;
}

type FixedOptions = Pick<
  BatchBooks,
  'job' | 'delimiter' | 'keyField' | 'delayMs' | 'priority' | 'results' | 'rowsPerJob'
>;

/** The options that had another value when the batch was begun, by the names that users know. */
function differences(was: FixedOptions, is: FixedOptions): Fault[] {
  const [before, now] = [asGiven(was), asGiven(is)];
  return (Object.keys(now) as (keyof typeof now)[])
    .filter((option) => before[option] !== now[option])
    .map((option) => ({
      path: option,
      reason: `was ${before[option] ?? 'not given'}, is ${now[option] ?? 'not given'}`,
    }));
}

/** The options as a user gives them. `undefined` for a value that is the same as no value. */
function asGiven({ job, delimiter, keyField, delayMs, priority, results, rowsPerJob }: FixedOptions) {
  return {
    ...{ job, delimiter, keyField, rowsPerJob, delay: delayMs === 0 ? undefined : writeDuration(delayMs) },
    ...{ priority: priority === 0 ? undefined : priority, results: results ? 'given' : undefined },
  };
}

/** How a source differs from the one that the batch was read from; `undefined` when it does not. */
export function howSourceChanged(
  books: BatchBooks,
  { format, bytes, sha256 }: Pick<BatchBooks, 'format' | 'bytes' | 'sha256'>,
): string | undefined {
  if (books.format !== format) return `it was ${books.format}, is ${format}`;
  const kind = (size: number | undefined): string => (size === undefined ? 'a pipe' : 'a file');
  if (kind(books.bytes) !== kind(bytes)) return `it was ${kind(books.bytes)}, is ${kind(bytes)}`;
  return books.bytes === bytes && books.sha256 === sha256 ? undefined : 'the file has changed';
}
