export { type BatchResult, BatchStopped } from './batch/batch.js';
export type { BatchOptions, BatchSource } from './batch/batch-options.js';
export type { BatchBooks } from './batch/books.js';
export type { RejectedRow } from './batch/check-row.js';
export { FORMATS, type Format, openSource, type Source } from './batch/source.js';
export type { SourceRow } from './batch/source-row.js';
export type { RowCounts, SettledBatch, WaitOptions } from './batch/wait.js';
export {
  BATCH_STAGES,
  type BatchStage,
  type BatchView,
  countOpen,
  type FailureReason,
  isOver,
  stageOf,
} from './batches/batch-view.js';
export type { Batches } from './batches/batches.js';
export type { CancelBatchOptions, CancelledBatch } from './batches/cancel.js';
export { type ExportFailuresOptions, exportFailures } from './batches/export/export-failures.js';
export type { BatchChoice } from './batches/find-batch.js';
export type { FailedRow, RowResult } from './batches/kept-rows.js';
export { Pace } from './batches/pace.js';
export { type Progress, progressOf } from './batches/progress.js';
export type { RetriedBatch, RetryBatchOptions } from './batches/retry.js';
export type { Cancelled } from './cancel.js';
export type { Enqueued, EnqueuedRow } from './enqueued.js';
export type { Added, BatchTotals } from './insert.js';
export type { EnqueueOptions } from './options.js';
export {
  createProducer,
  type EnqueueManyOptions,
  type Producer,
  type ProducerOptions,
} from './producer.js';
