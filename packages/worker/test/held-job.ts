import type { BullmqJob } from '../src/bullmq/bullmq-job.js';
import type { HeldJob, JobFields } from '../src/bullmq/held-job.js';
import { ActiveAttempt } from '../src/in-flight/active-attempt.js';
import type { FetchedJob } from '../src/in-flight/fetched-job.js';
import { fetchedJob, leaseFor } from './fetched-job.js';

/** What a test says of a held job beside its fields. */
interface Holding {
  readonly fields?: JobFields;
  readonly attempt?: ActiveAttempt;
  readonly bullmqJob?: BullmqJob;
}

/** A job of queue mail that this worker has. */
export function heldJob(more: Partial<FetchedJob> = {}, { fields = {}, attempt, bullmqJob }: Holding = {}): HeldJob {
  const fetched = fetchedJob(more);
  return {
    attempt: attempt ?? new ActiveAttempt(fetched, leaseFor(fetched)),
    fields,
    since: performance.now(),
    bullmqJob() {
      if (bullmqJob === undefined) throw new Error('nobody needs an object of BullMQ’s for this job');
      return bullmqJob;
    },
  };
}
