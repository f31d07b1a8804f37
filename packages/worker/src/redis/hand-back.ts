import { queueKeys } from '@bullpen/shared/internal';
import type { ScriptedRedis } from './commands.js';

/** A queue, and the name under which this worker fetches from it. */
export interface FetchingFrom {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  readonly name: string;
}

/** One fetch of a job by this worker. */
export interface Fetch {
  readonly jobId: string;
  /** The mark of the fetch. */
  readonly mark: string;
  /** The place of this fetch among those of the worker; `undefined` when its reply was lost. */
  readonly nth: number | undefined;
}

/**
 * Hands back jobs of this worker to the front of their queue, in the order in which they were
 * fetched.
 * @param isAll whether to hand back all that the worker has: these fetches, and any others
 * @returns the ids of the jobs that were handed back
 */
export function handBack(
  { redis, prefix, queue, name }: FetchingFrom,
  fetches: readonly Fetch[],
  isAll = false,
): Promise<string[]> {
  const { base, active, wait, prioritized, stalled, meta, marker, events } = queueKeys(prefix, queue);
  const args = fetches.flatMap(({ jobId, mark, nth }) => [jobId, mark, nth ?? '']);
  const keys = [active, wait, prioritized, stalled, meta, marker, events];
  return redis.bullpenHandBack(...keys, base, name, isAll ? '1' : '0', ...args);
}
