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
export { type RunningWorker, startWorker } from './worker.js';
export type { QueueOption, WorkerOptions } from './worker-options.js';
