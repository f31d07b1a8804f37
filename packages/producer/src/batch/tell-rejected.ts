import type { JobDefinition } from '@bullpen/shared';
import type { BatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import type { BatchBooks } from './books.js';
import { changed } from './chunk-sender.js';

/**
 * Reads the source of a batch that was read to its end once more, for who is to be told all of its rejected rows (`repeatRejected`); when there are none, or nobody asks, it is not touched.
 * @returns whether all were told: `false` when `signal` came first
 * @throws SourceInvalid when it is not what was read before, and what the source or `onRejected` throws
 */
export async function tellRejected(job: JobDefinition, options: BatchOptions, books: BatchBooks): Promise<boolean> {
  const { batch, signal, repeatRejected, onRejected } = options;
  if (repeatRejected !== true || onRejected === undefined || books.rejected === 0) return true;
  const reader = new BatchReader({ ...options, job, from: { read: books.read, checksum: books.checksum } });
  const more = (): never => {
    throw changed(batch);
  };
  try {
    const isThrough = await reader.run(more, () => (reader.read > books.read ? more() : undefined));
    return isThrough;
  } catch (error) {
    if (signal?.aborted === true) return false;
    throw error;
  }
}
