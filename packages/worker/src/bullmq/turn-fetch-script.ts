/**
 * Up to how many characters the fields of a job travel as JSON. One text costs the client less than
 * a dozen; but to write a long payload as JSON once more costs Redis more than to send it.
 */
const MAX_JSON = 1_024;

/**
 * The half of a turn that fetches jobs into `free` slots and `ahead` of them. It leaves `fetched`,
 * `limitedMs` and `dueAt`, which the turn answers. It stands behind the ends, which make room.
 */
export const TURN_FETCH_SCRIPT = `
local isFull = concurrency and call('LLEN', activeKey) >= concurrency
local function wake()
  if not isPaused and not isFull then call('ZADD', markerKey, 0, WAITS_NOW) end
end

local function doesAnyWait()
  return call('LLEN', waitKey) + call('ZCARD', prioritizedKey) > 0
end

-- A key that holds no job must not stop the queue, so it is passed over. Any other fault ends the
-- call.
local tryCall = redis.pcall
local function endUnlessStranger(reply)
  if not string.find(reply.err, 'WRONGTYPE', 1, true) then error(reply) end
end

local function fetchDue()
  local due = call('ZRANGEBYSCORE', delayedKey, 0, (now + 1) * DELAYED_STEPS - 1, 'LIMIT', 0, 1000)
  if #due == 0 then return end
  local priorities = {}
  for i = 1, #due do
    local priority = tryCall('HGET', base .. due[i], 'priority')
    if type(priority) == 'table' then endUnlessStranger(priority) else priorities[i] = priority end
  end
  call('ZREM', delayedKey, unpack(due))
  for i = 1, #due do
    local id = due[i]
    local priority = tonumber(priorities[i]) or 0
    if priority == 0 then
      call('LPUSH', waitKey, id)
    else
      prioritize(base, id, priority)
    end
    tell(steps, 'waiting', 'jobId', id, 'prev', 'delayed')
    if priorities[i] ~= nil then call('HSET', base .. id, 'delay', 0) end
  end
  wake()
end

-- How many jobs the rate limit allows now, and otherwise for how long it allows none.
local function allowed()
  local used = tonumber(call('GET', limiterKey) or 0)
  if used < limit then return limit - used, 0 end
  local leftMs = call('PTTL', limiterKey)
  if leftMs == 0 then call('DEL', limiterKey) end
  return leftMs > 0 and 0 or 1, math.max(leftMs, 0)
end

-- The next ids of the list, at most so many, in their order.
local function waitingIds(most)
  local ids = call('LRANGE', waitKey, -most, -1)
  for i = 1, #ids do
    -- A marker that old versions of BullMQ put into the list.
    if string.sub(ids[i], 1, 2) == '0:' then
      call('LREM', waitKey, -1, ids[i])
      return waitingIds(most)
    end
  end
  local first = #ids + 1
  for i = 1, #ids / 2 do ids[i], ids[first - i] = ids[first - i], ids[i] end
  return ids
end

-- Moves these last ids of the list. If Redis refuses a command, it does so before a job is in two
-- places or in none.
local function moveWaiting(ids)
  call('LTRIM', waitKey, 0, -1)
  call('LPUSH', activeKey, unpack(ids))
  call('LTRIM', waitKey, 0, -1 - #ids)
end

local function nextPrioritized()
  local id = call('ZPOPMIN', prioritizedKey)[1]
  if id then call('LPUSH', activeKey, id) else call('DEL', counterKey) end
  return id
end

local fetched, limitedMs, dueAt = {}, 0, 0
if free + ahead > 0 then
  fetchDue()
  local most = free + ahead
  -- Under a limit nothing is fetched ahead: another worker may have a free slot.
  if concurrency then most = math.min(free, concurrency - call('LLEN', activeKey)) end
  if limit then
    local may
    may, limitedMs = allowed()
    most = math.min(most, free, may)
  end
  if isPaused then most = 0 end
  -- A stock client may set a limit that is no whole number: 1.5 allows a second job.
  most = math.ceil(most)
  local count, strangers = 0, {}
  local function hold(id)
    count = count + 1
    local job = base .. id
    local fields, n = tryCall('HGETALL', job), #fetched
    if fields.err then
      endUnlessStranger(fields)
      strangers[#strangers + 1] = id
      fetched[n + 1], fetched[n + 2] = id, 0
      return
    end
    local fetches, isDecided, size = 0, false, 0
    for i = 1, #fields, 2 do
      size = size + #fields[i + 1]
      if fields[i] == FETCHES then fetches = tonumber(fields[i + 1]) or 0 elseif fields[i] == DEFERRED_FAILURE then isDecided = true end
    end
    if limit and not isDecided and call('INCR', limiterKey) == 1 then
      call('PEXPIRE', limiterKey, math.floor(math.abs(meta[4])))
    end
    call('SET', job .. LOCK, token, 'PXAT', leasedUntil)
    tell(steps, 'active', 'jobId', id, 'prev', 'waiting')
    call('HSET', job, 'processedOn', nowText, WORKER, worker, FETCHES, fetches == 0 and '1' or string.format('%.0f', fetches + 1))
    fetched[n + 1], fetched[n + 2] = id, size > 0 and size <= ${MAX_JSON} and cjson.encode(fields) or fields
  end
  local waiting = most > 0 and waitingIds(most) or {}
  for i = 1, #waiting do hold(waiting[i]) end
  if #waiting > 0 then moveWaiting(waiting) end
  while count < most do
    local id = nextPrioritized()
    if not id then break end
    hold(id)
  end
  for i = 1, #strangers do call('LREM', activeKey, 1, strangers[i]) end
  -- There may be more for somebody else.
  if count > 0 and count == most then call('ZADD', markerKey, 0, WAITS_NOW) end
  -- Under a limit nothing was fetched ahead: a place may be free that nobody else is told of.
  if free == 0 and most == 0 and limitedMs == 0 and doesAnyWait() then wake() end
  if count < free + ahead then
    local first = call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')[2]
    if first then dueAt = math.floor(tonumber(first) / DELAYED_STEPS) end
  end
elseif #ended > 0 and concurrency and doesAnyWait() then
  -- We fetch nothing into the place that has become free.
  wake()
end
`;
