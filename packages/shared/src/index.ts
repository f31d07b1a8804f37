/**
 * The front door for apps: what a team needs to define jobs and to read errors. Each export has its
 * documentation where it is defined, so editors show it. Sister packages also have
 * `@bullpen/shared/internal`.
 * @packageDocumentation
 */

export type { Backoff, BackoffPolicy } from './job/backoff.js';
export type { Duration } from './job/duration.js';
export {
  DeadlineExceeded,
  HandlerCrashed,
  HandlerMissing,
  JobCancelled,
  JobCrashed,
  JobExpired,
  JobMalformed,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  ResultInvalid,
  WorkerDraining,
} from './job/errors/attempt-errors.js';
export { type BatchRef, BullpenError, type Fault, FaultyValue } from './job/errors/bullpen-error.js';
export {
  BatchConflict,
  BatchLost,
  BatchUnknown,
  ConfigInvalid,
  HandlersInvalid,
  JobDefinitionInvalid,
  ModuleInvalid,
  OptionsInvalid,
  PayloadInvalid,
  ProducerClosed,
  QueueFull,
  RedisUnavailable,
  SourceInvalid,
} from './job/errors/call-errors.js';
export { type ErrorsByCode, hasCode } from './job/errors/has-code.js';
export {
  defineJob,
  isJob,
  type JobDefinition,
  type JobOptions,
  type Payload,
  type PayloadInput,
  type ResultInput,
} from './job/job.js';
export type { Schema } from './job/schema.js';
export type { Due, SnoozeTime } from './job/snooze-time.js';
export { createLogger, type Logger, type LoggerOptions } from './process/logger.js';
export type { Events, EventsOption } from './redis/events.js';
export type { QueueCounts } from './redis/queue-counts.js';
export type { RedisAddress } from './redis/redis.js';
