import type { JobDefinition } from '@bullpen/shared';
import { type BatchOptions, parseBatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import { type BatchResult, BatchStopped } from './batch-result.js';

/**
 * Reads and checks every row of a source, and enqueues nothing. Redis is not asked.
 * @throws OptionsInvalid for wrong options
 * @throws BatchStopped when the source fails on the way
 */
export async function runDryBatch(job: JobDefinition, options: BatchOptions): Promise<BatchResult> {
  parseBatchOptions(options);
  const { name, signal, onProgress, onRejected } = options;
  let rejected = 0;
  const reader = new BatchReader({
    ...{ ...options, job, from: { read: 0, checksum: '0' } },
    onRejected(row) {
      rejected += 1;
      return onRejected?.(row);
    },
  });
  const totals = () => ({ read: reader.read, added: 0, duplicate: 0, rejected });
  const result = (interrupted: boolean): BatchResult => ({
    ...{ name, queue: job.queue, ...totals(), resumedAt: 0, wasFinished: false, interrupted },
  });
  try {
    const isThrough = await reader.run(
      () => undefined,
      () => void onProgress?.(totals(), 0),
    );
    return result(!isThrough);
  } catch (error) {
    if (signal?.aborted === true) return result(true);
    throw new BatchStopped({ name, queue: job.queue }, error, totals(), 0);
  }
}
