export { JobRejected, JobSnoozed } from '@bullpen/shared';
export type { DrainSummary } from './drain.js';
export {
  type Context,
  type Handler,
  type HandlerFunction,
  handle,
  handleMany,
  type ManyHandlerFunction,
  type Row,
  type RowOutcome,
} from './handler.js';
export type { Health } from './health.js';
export type { HealthPort, HealthPortOptions } from './health-port.js';
export { measure } from './metrics/measure.js';
export type { AttemptEnded, JobEvent, WorkerEvent, WorkerObserver } from './observers.js';
export { serveHealth } from './serve-health.js';
export { type RunningWorker, type Slots, startWorker } from './worker.js';
export type { QueueOption, WorkerOptions } from './worker-options.js';
