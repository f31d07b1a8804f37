export { Exporter, type ExporterDeps } from './exporter/exporter.js';
export { depthGauges, MISNAMED_NODE_METRICS } from './exporter/prometheus.js';
export type { QueueDepth } from './exporter/queue-depth.js';
export { shareCall } from './exporter/share-call.js';
export { type Backoff, type BackoffPolicy, backoffDelayMs } from './job/backoff.js';
export {
  type BullpenOpts,
  expandRows,
  idForKey,
  idForRow,
  isBatchName,
  keyFault,
  MAX_ROWS,
  MAX_ROWS_PER_JOB,
  newId,
  readBullpenOpts,
  readRowKey,
  rowOfId,
} from './job/bullpen-opts.js';
export { describeThrown, readProperty, type Thrown } from './job/describe-thrown.js';
export {
  type Duration,
  isInstant,
  MAX_TIMER_MS,
  parseDuration,
  parseTimerDuration,
  showDuration,
  writeDuration,
} from './job/duration.js';
export {
  BatchConflict,
  BatchUnknown,
  BullpenError,
  ConfigInvalid,
  DeadlineExceeded,
  type Fault,
  HandlerCrashed,
  HandlerMissing,
  HandlersInvalid,
  hasCode,
  JobCancelled,
  JobCrashed,
  JobDefinitionInvalid,
  JobExpired,
  JobMalformed,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  listFaults,
  ModuleInvalid,
  OptionsInvalid,
  PayloadInvalid,
  ProducerClosed,
  QueueFull,
  RedisUnavailable,
  ResultInvalid,
  SourceInvalid,
  WorkerDraining,
} from './job/errors.js';
export { type FailureRecord, readFailure, reasonOfFailure, writeFailure } from './job/failure-record.js';
export {
  definedJobs,
  defineJob,
  isJob,
  type JobDefinition,
  type JobOptions,
  type Payload,
  type PayloadInput,
  type ResultInput,
} from './job/job.js';
export { type Parsed, parse, type Schema } from './job/schema.js';
export { showText, showValue } from './job/show-value.js';
export { suggest } from './job/suggest.js';
export {
  type Config,
  commonOptions,
  commonSettings,
  countSetting,
  durationSetting,
  isPort,
  optionalDurationSetting,
  portSetting,
  readConfig,
  type Setting,
  switchSetting,
} from './process/config.js';
export { EXIT, type ExitCode, exitCodeOf, reportFailure } from './process/exit-code.js';
export { loadModule } from './process/load-module.js';
export { createLogger, type Logger, type LoggerOptions } from './process/logger.js';
export { onExit, onFault, onStopSignal, type StopSignal } from './process/signals.js';
export { within } from './process/within.js';
export { BOOKS_BASE_SCRIPT, BOOKS_SCRIPT } from './redis/books-script.js';
export {
  type BatchKeys,
  batchesKey,
  batchKeys,
  CANCELLATIONS_KEPT_S,
  cancelledBatch,
  cancelledChannel,
  cancelledKey,
  DEFAULT_PREFIX,
  FATE,
  prefixFault,
} from './redis/keys.js';
export {
  countOutstanding,
  countQueue,
  countQueues,
  findQueues,
  type QueueCounts,
  SCAN_COUNT,
} from './redis/queue-counts.js';
export { forgetCommand, openRedis, type Redis, type RedisAddress, type RedisRole, showRedis } from './redis/redis.js';
export { isConnectionLoss, isOutOfMemory, reasonOf, refusesForNow, refusesUs } from './redis/redis-faults.js';
export { redactUrls } from './redis/redis-url.js';
