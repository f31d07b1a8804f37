/**
 * Lists the active jobs that were last fetched by one worker: id, lock token (empty when the lock
 * has run out) and ats of each.
 * KEYS: active. ARGV: base of the job keys, the worker's name, which BullMQ notes at each fetch as
 * `pb`.
 */
export const FETCHED_BY = `
local fetched = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = redis.call('HMGET', ARGV[1] .. id, 'pb', 'ats')
  if job[1] == ARGV[2] then
    table.insert(fetched, { id, redis.call('GET', ARGV[1] .. id .. ':lock') or '', job[2] })
  end
end
return fetched
`;

/**
 * Gives back to the front of their queue what one worker has fetched and is still active: as
 * BullMQ's own moveJobFromActiveToWait, but by the fetch and not by the lock, which may have run
 * out. While `pb` and `ats` stand as one fetch wrote them, no other has come after it.
 * KEYS: active, wait, prioritized, stalled, meta, marker, events. ARGV: base of the job keys, the
 * worker's name, then id and ats of each fetch; none: all there are. Returns the ids of what it
 * gave back.
 */
export const HAND_BACK = `
local active, wait, prioritized, stalled, meta, marker, events = unpack(KEYS)
local base, name = ARGV[1], ARGV[2]
local call = redis.call
local asked = {}
for at = 3, #ARGV, 2 do asked[ARGV[at]] = ARGV[at + 1] end
local given = {}
for _, id in ipairs(call('LRANGE', active, 0, -1)) do
  local job = base .. id
  local now = call('HMGET', job, 'pb', 'ats', 'priority')
  if now[1] == name and (#ARGV == 2 or asked[id] == now[2]) then
    call('LREM', active, 1, id)
    call('DEL', job .. ':lock')
    call('SREM', stalled, id)
    local priority = tonumber(now[3]) or 0
    if priority > 0 then call('ZADD', prioritized, priority * 0x100000000, id) else call('RPUSH', wait, id) end
    local most = call('HGET', meta, 'opts.maxLenEvents') or 10000
    call('XADD', events, 'MAXLEN', '~', most, '*', 'event', 'waiting', 'jobId', id, 'prev', 'active')
    table.insert(given, id)
  end
end
if #given > 0 then
  local state = call('HMGET', meta, 'paused', 'concurrency')
  local full = state[2] and call('LLEN', active) >= tonumber(state[2])
  if not state[1] and not full then call('ZADD', marker, 0, '0') end
end
return given
`;
