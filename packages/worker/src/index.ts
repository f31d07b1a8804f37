/**
 * Takes jobs out: handlers, and the worker that calls them.
 * @packageDocumentation
 */

export {
  ConfigInvalid,
  DeadlineExceeded,
  type Fault,
  HandlerCrashed,
  HandlersInvalid,
  hasCode,
  JobCancelled,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  OptionsInvalid,
  RedisUnavailable,
  type SnoozeTime,
  WorkerDraining,
} from '@bullpen/shared';
export type { OutcomeKind } from './attempt/outcome.js';
export type {
  AttemptEnded,
  JobEvent,
  JobRescued,
  OutageBegan,
  WorkerEvent,
  WorkerObserver,
} from './events/observers.js';
export {
  type AnyHandler,
  type Context,
  type Handler,
  type HandlerFunction,
  handle,
  handleMany,
  type ManyHandler,
  type ManyHandlerFunction,
  type Row,
  type RowOutcome,
} from './handlers/handler.js';
export { testContext } from './handlers/test-context.js';
export type { HealthPort } from './health/health-port.js';
export type { HealthPortOptions } from './health/health-port-options.js';
export { measure } from './health/metrics/measure.js';
export { serveHealth } from './health/serve-health.js';
export type { AttemptCounts } from './in-flight/active-attempts.js';
export type { DrainSummary } from './in-flight/drain.js';
export type { Health } from './in-flight/health.js';
export type { EmptyOrNot } from './intake/until-empty.js';
export type { RunningWorker, Slots, WorkerProcess } from './running-worker.js';
export { startWorker } from './worker.js';
export type { KeepOption, QueueOption, WorkerOptions } from './worker-options.js';
