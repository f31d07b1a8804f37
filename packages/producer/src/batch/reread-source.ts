import type { JobDefinition } from '@bullpen/shared';
import type { BatchBooks } from '../books/books.js';
import type { BatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import { sourceChanged } from './source-changed.js';

/**
 * Reads the source of a finished batch again, if there is a reason. A pipe may bring other rows
 * this time, and the caller must know that these are not enqueued. (The checksum of a file was
 * compared already.) And the caller may want all rejected rows again.
 * @returns whether the source came to its end
 * @throws SourceInvalid when the source is not the same as before
 */
export async function rereadSource(job: JobDefinition, options: BatchOptions, books: BatchBooks): Promise<boolean> {
  const { name, source, onRejected, repeatRejected, signal } = options;
  const wantsRejected = repeatRejected === true && onRejected !== undefined && books.rejected > 0;
  if (source.identity !== undefined && !wantsRejected) return true;
  const reader = new BatchReader({ ...options, job, from: { read: books.read, checksum: books.checksum } });
  const refuseMoreRows = (): undefined => {
    if (reader.read > books.read)
      throw sourceChanged({ name, queue: job.queue }, `it had ${books.read} rows, and has more`);
    return undefined;
  };
  return reader.run(refuseMoreRows, refuseMoreRows).catch((error: unknown) => {
    // The abort closes the source while we read it, and the source then throws.
    if (signal?.aborted === true) return false;
    throw error;
  });
}
