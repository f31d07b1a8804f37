import { type JobDefinition, PayloadInvalid, RedisUnavailable } from '@bullpen/shared';
import { checkJob } from './check-arguments.js';
import { type EnqueueOptions, parseEnqueueOptions } from './enqueue-options.js';
import type { Enqueued } from './enqueued.js';
import type { JobSender } from './job-sender.js';
import type { OpenCalls } from './open-calls.js';
import { writePayload } from './payload.js';
import { enqueuedOrThrow } from './refused.js';

const NO_OPTIONS: EnqueueOptions = {};

/**
 * Enqueues one job. One function does all of it: each further one that waits for another costs as
 * much as the validation of a payload.
 * @throws what `Producer.enqueue` throws
 */
export async function enqueueOne(
  { calls, sender }: { readonly calls: OpenCalls; readonly sender: JobSender },
  job: JobDefinition,
  payload: unknown,
  options: EnqueueOptions = NO_OPTIONS,
): Promise<Enqueued> {
  calls.begin();
  try {
    checkJob(job, 'cannot enqueue');
    const jobOptions = parseEnqueueOptions(job, options);
    const writing = writePayload(job, payload);
    // Calls keep their order: one that need not wait is sent in the turn in which it was made.
    const written = writing instanceof Promise ? await writing : writing;
    if (!written.ok) throw new PayloadInvalid(`payload of ${job.name}`, written.faults);
    const answer = await sender.send({ job, options: jobOptions, key: options.key, data: written.value });
    return enqueuedOrThrow(answer, job, jobOptions);
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    // The jobs that were sent together share this error. Each caller gets one of its own, with a
    // stack that leads to the call.
    throw new RedisUnavailable(error.message, { cause: error.cause, unanswered: error.unanswered });
  } finally {
    calls.end();
  }
}
