import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { META } from '@bullpen/shared/internal';
import type { Queue } from './queues.js';
import type { RetriedFrom, RetryJobs } from './retry-jobs.js';

type States = Parameters<BullMQAdapter['getJobs']>[0];
type Jobs = Awaited<ReturnType<BullMQAdapter['getJobs']>>;
type Job = Awaited<ReturnType<BullMQAdapter['getJob']>>;

/**
 * Bull Board's view of a queue. It differs from Bull Board's own in three ways:
 * - It leaves out malformed jobs, which some other client or a person stored. Otherwise one such
 *   job would hide all others.
 * - A job that is retried takes its key again, and jobs with and without a priority stay apart.
 * - It describes a queue by how many rows of batches have failed: their jobs are removed, so no
 *   state counts them.
 */
export class QueueAdapter extends BullMQAdapter {
  readonly #queue: Queue;
  readonly #retryJobs: Pick<RetryJobs, 'retry'>;
  #failedRows = 0;

  constructor(queue: Queue, readOnlyMode: boolean, retryJobs: Pick<RetryJobs, 'retry'>) {
    super(queue, { readOnlyMode });
    this.#queue = queue;
    this.#retryJobs = retryJobs;
  }

  override async getJob(id: string): Promise<Job> {
    const job = await super.getJob(id);
    if (!job) return job;
    const retry = (from: RetriedFrom = 'failed') => this.#retryJobs.retry(this.#queue.name, from, id);
    return Object.assign(job, { retry, promote: () => retry('delayed') });
  }

  /** Bull Board asks for the description behind the counts. */
  override async getJobCounts(): ReturnType<BullMQAdapter['getJobCounts']> {
    const [counts, meta] = await Promise.all([super.getJobCounts(), this.#queue.getMeta()]);
    this.#failedRows = Number((meta as Record<string, unknown>)[META.failedRows] ?? 0);
    return counts;
  }

  override getDescription(): string {
    if (this.#failedRows === 0) return '';
    const rows = this.#failedRows === 1 ? '1 row' : `${this.#failedRows.toLocaleString('en-US')} rows`;
    return `${rows} of batches failed. Batches says why.`;
  }

  override async getJobs(states: States, start?: number, end?: number): Promise<Jobs> {
    try {
      return await super.getJobs(states, start, end);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    const ids = await this.#queue.getRanges(states as Parameters<Queue['getRanges']>[0], start, end, false);
    const jobs = await Promise.all(ids.map((id) => this.#queue.getJob(id).catch(leaveOutMalformed)));
    return jobs.filter((job) => job !== undefined) as unknown as Jobs;
  }
}

function leaveOutMalformed(error: unknown): undefined {
  if (!(error instanceof SyntaxError)) throw error;
}
