import type { JobDefinition } from '@bullpen/shared';
import { type BatchOptions, readBatchOptions } from './batch-options.js';
import { BatchReader } from './batch-reader.js';
import { type BatchResult, BatchStopped } from './run-batch.js';

/**
 * Reads and checks every row, and enqueues nothing; Redis is not asked.
 * @throws OptionsInvalid for wrong options
 * @throws BatchStopped when the source fails on the way
 */
export async function runDryBatch(job: JobDefinition, options: BatchOptions): Promise<BatchResult> {
  readBatchOptions(job, options, Date.now());
  const { batch, signal, onProgress, onRejected } = options;
  let rejected = 0;
  const reader = new BatchReader({
    ...{ ...options, job, from: { read: 0, checksum: '0' } },
    onRejected(row) {
      rejected += 1;
      return onRejected?.(row);
    },
  });
  const totals = () => ({ read: reader.read, added: 0, duplicate: 0, rejected });
  try {
    const isThrough = await reader.run(
      () => undefined,
      () => void onProgress?.(totals(), 0),
    );
    return { batch, ...totals(), resumedAt: 0, wasFinished: false, interrupted: !isThrough };
  } catch (error) {
    if (signal?.aborted === true) {
      return { batch, ...totals(), resumedAt: 0, wasFinished: false, interrupted: true };
    }
    throw new BatchStopped(error, totals(), 0);
  }
}
