import { BatchConflict, type Fault, type JobDefinition } from '@bullpen/shared';
import { writeDuration } from '@bullpen/shared/internal';
import { type BatchBooks, openBooks } from '../books/books.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import type { BatchOptions, BatchTerms } from './batch-options.js';
import { changed } from './chunk-sender.js';

/**
 * Opens the books of a batch, and sees that they are those of this very batch.
 * @throws BatchConflict when it is another one or was cancelled, SourceInvalid when its source is
 *   another
 */
export async function openBatch(
  job: JobDefinition,
  { batch, source, keyField, results = false }: BatchOptions,
  { keepMs, keepKeysMs, delayMs, priority, rowsPerJob }: BatchTerms,
  { ask, prefix }: RedisAccess,
): Promise<BatchBooks> {
  const { bytes, sha256 } = source.identity ?? { bytes: undefined, sha256: undefined };
  const place = { prefix, queue: job.queue, batch, now: Date.now() };
  const books = await ask((redis) =>
    openBooks(redis, place, {
      ...{ job: job.name, source: source.name, format: source.format, bytes, sha256, keyField, results },
      ...{ rowsPerJob: rowsPerJob ?? job.rowsPerJob, delayMs, priority },
      // From when the rows are due: books that expired before would not know how any of them ended.
      ...{ keepMs: keepMs + delayMs, keepKeysMs: keepKeysMs + delayMs },
    }),
  );
  const asked = { job: job.name, keyField, delayMs, priority, results, rowsPerJob: rowsPerJob ?? books.rowsPerJob };
  const faults = differences(books, asked);
  if (faults.length > 0) throw new BatchConflict(`batch '${batch}' exists and is another one`, faults);
  if (books.cancelledAt !== undefined) {
    throw new BatchConflict(`batch '${batch}' was cancelled; give it another name to enqueue its rows again`);
  }
  const how = howChanged(books, { format: source.format, bytes, sha256 });
  if (how !== undefined) throw changed(batch, how);
  return books;
}

type Terms = Pick<BatchBooks, 'job' | 'keyField' | 'delayMs' | 'priority' | 'results' | 'rowsPerJob'>;

/** What a batch was begun with and is asked for with another value, by the names of the options. */
function differences(was: Terms, is: Terms): Fault[] {
  const [before, now] = [asGiven(was), asGiven(is)];
  return (Object.keys(now) as (keyof typeof now)[])
    .filter((option) => before[option] !== now[option])
    .map((option) => ({
      path: option,
      reason: `was ${before[option] ?? 'not given'}, is ${now[option] ?? 'not given'}`,
    }));
}

/** Terms as somebody gave them; `undefined` where that is the same as nothing. */
function asGiven({ job, keyField, delayMs, priority, results, rowsPerJob }: Terms) {
  return {
    ...{ job, keyField, rowsPerJob, delay: delayMs === 0 ? undefined : writeDuration(delayMs) },
    ...{ priority: priority === 0 ? undefined : priority, results: results ? 'given' : undefined },
  };
}

function howChanged(
  books: BatchBooks,
  { format, bytes, sha256 }: Pick<BatchBooks, 'format' | 'bytes' | 'sha256'>,
): string | undefined {
  if (books.format !== format) return `it was ${books.format}, is ${format}`;
  const kind = (size: number | undefined): string => (size === undefined ? 'a pipe' : 'a file');
  if (kind(books.bytes) !== kind(bytes)) return `it was ${kind(books.bytes)}, is ${kind(bytes)}`;
  return books.bytes === bytes && books.sha256 === sha256 ? undefined : 'the file has changed';
}
