import { type JobDefinition, OptionsInvalid, QueueFull } from '@bullpen/shared';
import type { ChunkOptions } from './chunk.js';
import { checkExpiry } from './enqueue-options.js';
import type { Enqueued } from './enqueued.js';
import type { JobAnswer } from './insert-reply.js';

/**
 * What a caller gets for a job: the answer of Redis, unless Redis refused the job.
 * @throws QueueFull; OptionsInvalid for an expiry or a priority that is wrong at this time
 */
export function enqueuedOrThrow(answer: JobAnswer, job: JobDefinition, options: ChunkOptions): Enqueued {
  switch (answer.kind) {
    case 'ok':
      return answer.enqueued;
    case 'full':
      throw new QueueFull(job.queue, options.maxWaiting ?? 0);
    case 'mixed':
      throw prioritiesMixed(job, options);
    default:
      checkExpiry(job, options, answer.now);
      throw new Error(`Redis refused the expiry of ${job.name} without a fault`);
  }
}

/** The error for jobs whose kind is not that of the jobs on their queue. */
export function prioritiesMixed(job: JobDefinition, { priority }: ChunkOptions): OptionsInvalid {
  const reason =
    priority > 0
      ? 'holds jobs without a priority, which would always go before this one; use another queue for jobs with a priority, or wait until the queue is empty'
      : 'holds jobs with priorities, and a job without one would always go before them; give the job a priority, or use another queue';
  return new OptionsInvalid(`cannot enqueue ${job.name}`, [
    { path: 'priority', reason: `queue '${job.queue}' ${reason}` },
  ]);
}
