import { Coalescer } from '@bullpen/shared/internal';
import { CHUNK_BYTES } from './chunk.js';
import { prepareJobs, type SingleJob } from './insert-jobs.js';
import type { JobAnswer } from './insert-reply.js';
import type { QueueAccess } from './redis-access.js';

/**
 * So many jobs go in one call at most. Of more jobs, Redis works on one call while we make the next
 * one.
 */
const JOBS_PER_CALL = 125;

/**
 * Sends single jobs. Those that come in one turn of the event loop for one queue go in one call, and
 * each gets its own answer: Redis judges each by itself, in their order.
 */
export class JobSender {
  readonly #access: QueueAccess;
  readonly #queues = new Map<string, QueueSender>();

  constructor(access: QueueAccess) {
    this.#access = access;
  }

  /**
   * Sends a job at the end of this turn, or at once when a call is full.
   * @throws RedisUnavailable: the same one for all jobs of a call
   */
  send(job: SingleJob): Promise<JobAnswer> {
    const { queue } = job.job;
    let sender = this.#queues.get(queue);
    if (sender === undefined) {
      sender = new QueueSender(queue, this.#access);
      this.#queues.set(queue, sender);
    }
    return sender.send(job);
  }
}

/** Coalesces the calls of one queue. */
class QueueSender {
  readonly #coalescer: Coalescer<SingleJob, JobAnswer>;
  #characters = 0;

  constructor(queue: string, { prefix, insertInto }: QueueAccess) {
    this.#coalescer = new Coalescer(JOBS_PER_CALL, async (jobs) => {
      this.#characters = 0;
      return insertInto(queue, prepareJobs({ prefix, queue, jobs, isWhole: false }));
    });
  }

  send(job: SingleJob): Promise<JobAnswer> {
    const answered = this.#coalescer.add(job);
    this.#characters += job.data.length;
    if (this.#characters >= CHUNK_BYTES) this.#coalescer.flush();
    return answered;
  }
}
