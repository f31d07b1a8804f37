/**
 * Puts jobs in: one, many, or a file of them as a batch.
 * @packageDocumentation
 */

export {
  BatchConflict,
  BatchLost,
  type BatchRef,
  BatchUnknown,
  ConfigInvalid,
  type Fault,
  hasCode,
  OptionsInvalid,
  PayloadInvalid,
  ProducerClosed,
  QueueFull,
  RedisUnavailable,
  SourceInvalid,
} from '@bullpen/shared';
export type { BatchOptions, BatchSource } from './batch/batch-options.js';
export { type BatchResult, BatchStopped } from './batch/batch-result.js';
export type { RejectedRow } from './batch/check-row.js';
export type { RowCounts, SettledBatch, WaitOptions } from './batch/wait-for-batch.js';
export {
  BATCH_STAGES,
  type BatchStage,
  type BatchView,
  countOpen,
  type FailureExample,
  type FailureReason,
  isSettled,
  stageOf,
} from './books/batch-view.js';
export { type BatchWait, describeWait } from './books/batch-wait.js';
export type { BatchBooks } from './books/books.js';
export type { FailedRow, RowResult } from './books/kept-rows.js';
export { measureProgress, type Progress } from './books/progress.js';
export { Rate } from './books/rate.js';
export { createProducer } from './create-producer.js';
export type { EnqueueManyOptions } from './enqueue/enqueue-many-options.js';
export type { EnqueueOptions } from './enqueue/enqueue-options.js';
export { EnqueueStopped } from './enqueue/enqueue-stopped.js';
export type { Enqueued, EnqueuedRow, EnqueueStatus } from './enqueue/enqueued.js';
export type { BatchTotals } from './enqueue/insert-reply.js';
export type { RejectionReason } from './enqueue/rejections.js';
export type { Batches, FailuresOptions } from './manage/batches.js';
export type { CancelBatchOptions, CancelledBatch } from './manage/cancel-batch.js';
export type { CancelResult } from './manage/cancel-job.js';
export { type ExportFailuresOptions, exportFailures } from './manage/export/export-failures.js';
export type { RepairBatchOptions, RepairedBatch } from './manage/repair-batch.js';
export type { RetriedBatch, RetryBatchOptions } from './manage/retry-batch.js';
export type { Producer, ProducerOptions } from './producer.js';
export { FORMATS, type Format } from './source/format.js';
export { openSource, type Source, type SourceOptions } from './source/source.js';
export type { SourceIdentity } from './source/source-bytes.js';
export type { SourceRow } from './source/source-row.js';
