import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Queue } from './queues.js';

type States = Parameters<BullMQAdapter['getJobs']>[0];
type Jobs = Awaited<ReturnType<BullMQAdapter['getJobs']>>;

/**
 * Bull Board's view of a queue, without malformed jobs, which some other client or a person stored.
 * Otherwise one such job would hide all others.
 */
export class TolerantAdapter extends BullMQAdapter {
  readonly #queue: Queue;

  constructor(queue: Queue, readOnlyMode: boolean) {
    super(queue, { readOnlyMode });
    this.#queue = queue;
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
