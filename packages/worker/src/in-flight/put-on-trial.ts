import { lockKey, queueKeys, TRIAL_FIELD } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';
import type { ActiveAttempt } from './active-attempt.js';

/** How to reach the jobs. */
export interface JobsOn {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
}

/**
 * Tells Redis that a job is on trial, while its lease holds. When the lease runs out now, this job is
 * charged, and none of those that are attempted beside it.
 * @returns false when the job is not ours any more
 * @throws what Redis throws
 */
export async function putOnTrial(
  { redis, prefix }: JobsOn,
  { queue, jobId, lease }: Pick<ActiveAttempt, 'queue' | 'jobId' | 'lease'>,
): Promise<boolean> {
  const job = queueKeys(prefix, queue).base + jobId;
  return (await redis.bullpenRewrite(lockKey(job), job, lease.token, TRIAL_FIELD, lease.mark)) === 1;
}
