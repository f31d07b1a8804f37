export { type Backoff, type BackoffPolicy, backoffDelayMs } from './backoff.js';
export { BOOKS_BASE_SCRIPT, BOOKS_SCRIPT } from './books-script.js';
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
} from './config.js';
export { didYouMean } from './did-you-mean.js';
export {
  type Duration,
  isInstant,
  MAX_TIMER_MS,
  parseDuration,
  parseTimerDuration,
  showDuration,
  writeDuration,
} from './duration.js';
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
  JobRejected,
  JobSnoozed,
  JobUnreadable,
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
} from './errors.js';
export { EXIT, type ExitCode, exitCodeOf, reportFailure } from './exit-code.js';
export { Exporter, type ExporterParts } from './exporter.js';
export { type FailureRecord, readFailure, reasonOfFailure, writeFailure } from './failure-record.js';
export {
  definedJobs,
  defineJob,
  isJob,
  type JobDefinition,
  type JobOptions,
  type Payload,
  type PayloadInput,
  type ResultInput,
} from './job.js';
export {
  type BullpenOpts,
  expandRows,
  idForKey,
  idForRow,
  isBatchName,
  keyFault,
  MOST_ROWS,
  MOST_ROWS_PER_JOB,
  newId,
  readBullpenOpts,
  readRowKey,
  rowOfId,
} from './job-opts.js';
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
} from './keys.js';
export { loadModule } from './load-module.js';
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { oneAtATime } from './one-at-a-time.js';
export { depthGauges, MISNAMED_NODE_METRICS } from './prometheus.js';
export {
  countOutstanding,
  countQueue,
  countQueues,
  findQueues,
  KEYS_A_LOOK,
  type QueueCounts,
} from './queue-counts.js';
export type { QueueDepth } from './queue-depth.js';
export { forgetCommand, openRedis, type Redis, type RedisAddress, type RedisRole, showRedis } from './redis.js';
export { isConnectionLoss, isOutOfMemory, reasonOf, refusesForNow, refusesUs } from './redis-faults.js';
export { redactUrls } from './redis-url.js';
export { type Parsed, parse, type Schema } from './schema.js';
export { showText, showValue } from './show-value.js';
export { onExit, onFault, onStopSignal, type StopSignal } from './signals.js';
export { describeThrown, readProperty, type Thrown } from './thrown.js';
export { within } from './within.js';
