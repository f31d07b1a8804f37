import { batchKeys, queueKeys } from '@bullpen/shared/internal';
import { bookKeys } from '../books/books.js';
import type { RedisAccess } from '../enqueue/redis-access.js';
import { type RowKeyOptions, readRowKeys } from './row-keys.js';

const PAGE_JOBS = 500;
/**
 * The parts of a queue in the order in which a job moves through them. Only a job that a worker
 * fetched can come back to an earlier part, and the worker cancels such a job.
 */
const PARTS = ['delayed', 'prioritized', 'wait'] as const;
type Part = (typeof PARTS)[number];

/** Whose jobs are taken off which queue. */
interface SweptBatch {
  readonly queue: string;
  readonly batch: string;
  /** How to find the keys of its rows. `undefined` for a batch without keys. */
  readonly rowKeys: RowKeyOptions | undefined;
}

/**
 * Takes the jobs of a batch off its queue. Goes over the queue until it finds none any more,
 * because jobs move from part to part meanwhile.
 * @param onTakenOff called with how many rows were taken off in all, by earlier calls as well
 */
export async function sweepQueue(
  batch: SweptBatch,
  access: RedisAccess,
  onTakenOff: (rows: number) => void,
): Promise<void> {
  let found: number;
  do {
    found = 0;
    for (const part of PARTS) found += await sweepPart(part, batch, access, onTakenOff);
  } while (found > 0);
}

async function sweepPart(
  part: Part,
  { queue, batch, rowKeys }: SweptBatch,
  { prefix, ask }: RedisAccess,
  onTakenOff: (rows: number) => void,
): Promise<number> {
  const { base, events, meta, [part]: key } = queueKeys(prefix, queue);
  const keys = batchKeys(prefix, queue, batch);
  const others = [events, meta, ...bookKeys(keys)];

  /**
   * Reads the keys of the rows in a window. The sweep frees them in the call that removes the jobs.
   */
  const peek = async (from: number, options: RowKeyOptions): Promise<{ size: number; keysOfJobs?: string }> => {
    const [size, ...jobs] = await ask((redis) =>
      redis.bullpenPeek(key, keys.fates, base, batch, part, from, PAGE_JOBS),
    );
    return { size, keysOfJobs: JSON.stringify(readRowKeys(jobs, options)) };
  };

  let found = 0;
  for (let from = 0; from >= 0; ) {
    const { size, keysOfJobs } = rowKeys === undefined ? { size: PAGE_JOBS } : await peek(from, rowKeys);
    if (size === 0) break;
    if (keysOfJobs === '{}') {
      from += size;
      continue;
    }
    const args = [base, batch, part, from, size, ...(keysOfJobs === undefined ? [] : [keysOfJobs])];
    const [next, jobs, takenOff] = await ask((redis) => redis.bullpenSweep(key, keys.fates, ...others, ...args));
    from = next;
    found += jobs;
    // Also when this call found nothing: the answer of the call before may have been lost.
    if (takenOff !== '0') onTakenOff(Number(takenOff));
  }
  return found;
}

/** Takes the ids of a batch's jobs off its queue behind which there is no job any more. */
export async function dropLostIds(queue: string, batch: string, { prefix, ask }: RedisAccess): Promise<void> {
  const { base, ...keys } = queueKeys(prefix, queue);
  for (const part of PARTS) {
    for (let from = 0; from >= 0; ) {
      const at = from;
      from = await ask((redis) => redis.bullpenDropLost(keys[part], base, batch, part, at, PAGE_JOBS));
    }
  }
}
