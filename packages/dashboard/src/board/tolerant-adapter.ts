import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Queue } from './queues.js';

type States = Parameters<BullMQAdapter['getJobs']>[0];
type Jobs = Awaited<ReturnType<BullMQAdapter['getJobs']>>;

/**
 * A queue as Bull Board takes it. One job that is no job, of a hand or a program that is not ours,
 * would hide all others: it is left out.
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
    const jobs = await Promise.all(ids.map((id) => this.#queue.getJob(id).catch(leaveOutUnreadable)));
    return jobs.filter((job) => job !== undefined) as unknown as Jobs;
  }
}

function leaveOutUnreadable(error: unknown): undefined {
  if (!(error instanceof SyntaxError)) throw error;
}
