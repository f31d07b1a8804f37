export { JobRejected, JobSnoozed } from '@bullpen/shared';
export type { DrainSummary } from './drain.js';
export { type Context, type Handler, type HandlerFunction, handle } from './handler.js';
export { type QueueOption, type RunningWorker, startWorker, type WorkerOptions } from './worker.js';
