import { CANCELLATIONS_KEPT_S, cancelledChannel, cancelledKey } from '@bullpen/shared/internal';
import type { ProducerRedis } from './producer-redis.js';

/**
 * What `cancel` did: `requested`: the workers were asked to cancel the job; `settled`: it was too
 * late; `unknown`: there is no such job.
 */
export type CancelResult = 'requested' | 'settled' | 'unknown';

/**
 * Notes that a job is cancelled, and tells the workers. The note comes before the publication: a
 * worker that misses the publication reads the note a moment later.
 *
 * KEYS: the cancelled jobs, the job. ARGV: the job's id, now (ms), how long the note is kept (s),
 * the channel.
 */
export const CANCEL_SCRIPT = `
if redis.call('EXISTS', KEYS[2]) == 0 then return 'unknown' end
if redis.call('HEXISTS', KEYS[2], 'finishedOn') == 1 then return 'settled' end
local now = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]) * 1000, ARGV[1])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 'requested'
`;

/** Asks every worker to cancel a job. Safe to repeat. */
export function cancelJob(redis: ProducerRedis, prefix: string, queue: string, id: string): Promise<CancelResult> {
  const [set, job] = [cancelledKey(prefix, queue), `${prefix}:${queue}:${id}`];
  return redis.bullpenCancel(set, job, id, Date.now(), CANCELLATIONS_KEPT_S, cancelledChannel(prefix, queue));
}
