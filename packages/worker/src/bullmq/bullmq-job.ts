import { CANCELLED_FAILURE, SUSPECT_FIELD } from '@bullpen/shared/internal';
import { Job, type JobProgress } from 'bullmq';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { JobFields } from './own-fields.js';

/** BullMQ's job, with its payload as it is stored on Redis and the attempt at it. */
export class BullmqJob<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
  Progress extends JobProgress = JobProgress,
> extends Job<Data, Result, Name, Progress> {
  /** The payload as JSON. */
  stored = '{}';
  /** Its fields that are ours. */
  own: JobFields = {};
  /**
   * The attempt that this object is for. Unset when the attempt is over, because BullMQ's queue of
   * fetched jobs may keep the object for long. It cannot be found by the id of the job: one job may
   * have two attempts here for a moment.
   */
  attempt: ActiveAttempt | undefined = undefined;
}

/** Makes our job of BullMQ's. The only place that does. */
export function toFetchedJob(job: BullmqJob): FetchedJob {
  return {
    queue: job.queueName,
    id: job.id ?? '',
    // BullMQ's types do not say that it may be missing.
    name: job.name ?? '',
    hasName: job.name !== undefined,
    data: job.data,
    storedData: job.stored,
    opts: job.opts as Readonly<Record<string, unknown>>,
    token: job.token ?? '',
    timestamp: job.timestamp,
    priority: job.priority,
    fetchedAt: job.processedOn,
    worker: job.processedBy ?? '',
    attemptsMade: job.attemptsMade,
    fetches: job.attemptsStarted,
    crashes: job.stalledCounter,
    cancelled: job.deferredFailure === CANCELLED_FAILURE,
    suspectMs: Number(job.own[SUSPECT_FIELD]) || undefined,
  };
}
