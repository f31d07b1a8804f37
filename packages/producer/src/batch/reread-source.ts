import type { JobDefinition } from '@bullpen/shared';
import type { BatchBooks } from '../books/books.js';
import type { BatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import { changed } from './chunk-sender.js';

/**
 * Reads the source of a batch that is through once more, where that tells something: a file is
 * known to be the same, a pipe may bring other rows, and nobody would hear that those are not in;
 * and rejected rows are told again to whoever wants all of them.
 * @returns whether it came to its end
 * @throws SourceInvalid when it is not what it was
 */
export async function rereadSource(job: JobDefinition, options: BatchOptions, books: BatchBooks): Promise<boolean> {
  const { batch, source, onRejected, repeatRejected, signal } = options;
  const isToBeTold = repeatRejected === true && onRejected !== undefined && books.rejected > 0;
  if (source.identity !== undefined && !isToBeTold) return true;
  const reader = new BatchReader({ ...options, job, from: { read: books.read, checksum: books.checksum } });
  const mustNotGoOn = (): undefined => {
    if (reader.read > books.read) throw changed(batch, `it had ${books.read} rows, and has more`);
    return undefined;
  };
  return reader.run(mustNotGoOn, mustNotGoOn).catch((error: unknown) => {
    // An abort closes the source under us, and the reader complains.
    if (signal?.aborted === true) return false;
    throw error;
  });
}
