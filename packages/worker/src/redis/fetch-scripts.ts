import { LAYOUT } from '@bullpen/shared/internal';

/**
 * Lists the active jobs that one worker was the last to fetch: for each its id, the token of its
 * lock (empty when the lock has run out) and the mark of the fetch.
 *
 * KEYS: active. ARGV: base of the queue's keys, the worker's name, which BullMQ writes into a job
 * at each fetch.
 */
export const FETCHED_BY = `
${LAYOUT.names}
${LAYOUT.fetchMark}
local fetched = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = redis.call('HMGET', ARGV[1] .. id, WORKER, FETCHES, 'processedOn')
  if job[1] == ARGV[2] then
    table.insert(fetched, { id, redis.call('GET', ARGV[1] .. id .. LOCK) or '', fetchMark(unpack(job)) })
  end
end
return fetched
`;
