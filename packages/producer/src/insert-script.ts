/**
 * Inserts a chunk of jobs of one definition into one queue, all or nothing, in the key layout of the BullMQ version we pin, and answers for
 * each row whether it was added (`a`) or was there already (`d`). One call is one round trip for up to 1,000 jobs; BullMQ's own
 * `addBulk` is one script call per job, is not atomic, and does not say which jobs were duplicates.
 *
 * A chunk sent again after a lost reply finds its own jobs: each carries the mark of the call that stored it, and is reported as added.
 * An id that stands twice in one chunk is a duplicate the second time, whichever call stored it.
 */
export const INSERT_SCRIPT = `
local waitKey, metaKey, idKey, delayedKey, prioritizedKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local priorityCounterKey, markerKey, eventsKey, activeKey, cancelledKey = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local prefix, name, timestamp, mark = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local call = redis.call

local maxEvents = call('HGET', metaKey, 'opts.maxLenEvents')
if not maxEvents then
  maxEvents = 10000
  call('HSET', metaKey, 'opts.maxLenEvents', maxEvents)
end

local function delayedScore(dueAt)
  -- BullMQ keeps jobs due in the same millisecond in order by counting them in the lowest 12 bits.
  local least, most = dueAt * 0x1000, (dueAt + 1) * 0x1000 - 1
  local last = call('ZREVRANGEBYSCORE', delayedKey, most, least, 'WITHSCORES', 'LIMIT', 0, 1)
  return last[2] and math.min(tonumber(last[2]) + 1, most) or least
end

-- A cancellation that came too late for an earlier job of this id is not meant for the new one.
local anyCancelled = call('EXISTS', cancelledKey) == 1

local answers, waiting, seen = {}, {}, {}
local delayed, prioritized = false, false

for i = 5, #ARGV, 5 do
  local id, data, opts = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local delay, priority = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local jobKey = prefix .. id
  if call('EXISTS', jobKey) == 1 then
    local ours = not seen[id] and string.find(call('HGET', jobKey, 'opts') or '', mark, 1, true)
    answers[#answers + 1] = ours and 'a' or 'd'
    if not ours then call('XADD', eventsKey, '*', 'event', 'duplicated', 'jobId', id) end
  else
    if anyCancelled then call('ZREM', cancelledKey, id) end
    call('HSET', jobKey, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', delay, 'priority', priority)
    call('XADD', eventsKey, '*', 'event', 'added', 'jobId', id, 'name', name)
    if delay > 0 then
      local dueAt = tonumber(timestamp) + delay
      call('ZADD', delayedKey, delayedScore(dueAt), id)
      call('XADD', eventsKey, '*', 'event', 'delayed', 'jobId', id, 'delay', dueAt)
      delayed = true
    else
      if priority > 0 then
        local order = call('INCR', priorityCounterKey) % 0x100000000
        call('ZADD', prioritizedKey, priority * 0x100000000 + order, id)
        prioritized = true
      else
        waiting[#waiting + 1] = id
      end
      call('XADD', eventsKey, '*', 'event', 'waiting', 'jobId', id)
    end
    answers[#answers + 1] = 'a'
  end
  seen[id] = true
end

call('INCRBY', idKey, #answers)
call('XTRIM', eventsKey, 'MAXLEN', '~', maxEvents)
if #waiting > 0 then call('LPUSH', waitKey, unpack(waiting)) end

-- Markers wake workers that block on an empty queue; a paused or full queue gets none.
if #waiting > 0 or prioritized then
  local state = call('HMGET', metaKey, 'paused', 'concurrency')
  local full = state[2] and call('LLEN', activeKey) >= tonumber(state[2])
  if not state[1] and not full then call('ZADD', markerKey, 0, '0') end
end
if delayed then
  local first = call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')
  call('ZADD', markerKey, tonumber(first[2]) / 0x1000, '1')
end

return table.concat(answers)
`;
