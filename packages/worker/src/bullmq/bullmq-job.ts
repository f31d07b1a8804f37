import type { JobProgress } from 'bullmq';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import { bullmq } from './engine.js';

/** BullMQ's job, with the attempt at it. */
export class BullmqJob<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
  Progress extends JobProgress = JobProgress,
> extends bullmq.Job<Data, Result, Name, Progress> {
  /**
   * The attempt that this object is for. It cannot be found by the id of the job: one job may have
   * two attempts here for a moment.
   */
  attempt: ActiveAttempt | undefined = undefined;
}
