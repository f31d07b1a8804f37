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

/**
 * Hands back to the front of their queue the jobs that one worker has fetched and that are still
 * active. It does what BullMQ's own moveJobFromActiveToWait does, but goes by the fetch and not by
 * the lock, which may have run out: while the job has the mark of a fetch, no other fetch has come
 * after it.
 *
 * KEYS: active, wait, prioritized, stalled, meta, marker, events. ARGV: base of the queue's keys,
 * the worker's name; then the id of each job and the mark of its fetch. Without any: all jobs of
 * this worker. Answers with the ids of the jobs that it handed back.
 */
export const HAND_BACK = `
${LAYOUT.names}
${LAYOUT.fetchMark}
${LAYOUT.maxEventsOf}
${LAYOUT.wakeWorker}
local active, wait, prioritized, stalled, meta, marker, events = unpack(KEYS)
local base, name = ARGV[1], ARGV[2]
local call = redis.call
local asked = {}
for at = 3, #ARGV, 2 do asked[ARGV[at]] = ARGV[at + 1] end
local given = {}
for _, id in ipairs(call('LRANGE', active, 0, -1)) do
  local job = base .. id
  local now = call('HMGET', job, WORKER, FETCHES, 'processedOn', 'priority')
  if now[1] == name and (#ARGV == 2 or asked[id] == fetchMark(unpack(now, 1, 3))) then
    call('LREM', active, 1, id)
    call('DEL', job .. LOCK)
    call('SREM', stalled, id)
    local priority = tonumber(now[4]) or 0
    -- Place 0: in front of all jobs with this priority.
    if priority > 0 then call('ZADD', prioritized, priority * PRIORITY_STEPS, id) else call('RPUSH', wait, id) end
    call('XADD', events, 'MAXLEN', '~', maxEventsOf(meta), '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
    table.insert(given, id)
  end
end
if #given > 0 then wakeWorker(meta, active, marker) end
return given
`;
