import { LAYOUT } from '@bullpen/shared/internal';

/**
 * The field of a job that was handed back: how often it had been fetched by then, and the instant
 * and the place of the fetch by which it goes. When the job was fetched again the field tells no
 * more where it waits.
 */
const HANDED_BACK = 'bph';

/**
 * Hands back to the front of their queue jobs that one worker has fetched and that are still
 * active. It does what BullMQ's own moveJobFromActiveToWait does, but differs in two ways.
 *
 * It goes by the fetch and not by the lock, which may have run out: while the job has the mark of a
 * fetch, no other fetch has come after it.
 *
 * Jobs that are handed back stand in front in the order in which they were fetched, in whatever
 * order they come back: a handler that stops at once does not let its job overtake older ones. They
 * go by the instant of their fetch, and jobs of one worker with the same instant by their place. A
 * job that is handed back several times in a row goes by the first of these fetches.
 *
 * KEYS: active, wait, prioritized, stalled, meta, marker, events. ARGV: base of the queue's keys,
 * the worker's name, `1` to hand back all jobs of this worker; then for each job its id, the
 * mark of its fetch, and the place of this fetch among those of the worker. The place is empty
 * when the reply of the fetch was lost; such jobs go by the list of active jobs, where the newest
 * comes first. Answers with the ids of the jobs that it handed back.
 */
export const HAND_BACK = `
${LAYOUT.names}
${LAYOUT.fetchMark}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${LAYOUT.wakeWorker}
local active, wait, prioritized, stalled, meta, marker, events = unpack(KEYS)
local base, name, isAll = ARGV[1], ARGV[2], ARGV[3] == '1'
local call = redis.call
-- How many jobs in front are put in order at most, so that Redis is not held up: about 0.5 ms. A
-- worker that drains sends its newest job first, so that the older ones have none to pass.
local MAX_MOVED = 500
-- Handed-back jobs with a priority have places below those that BullMQ gives, which begin at 0.
local PLACES = 0x80000000
-- A fetch whose reply was lost came after those whose reply arrived.
local LOST = 0x80000000

local function isOlder(one, other)
  if one.at ~= other.at then return one.at < other.at end
  return one.nth < other.nth
end

-- By which fetch a job goes that was handed back when it had been fetched so often; nil when it
-- was not.
local function fetchOf(id, mark, fetches)
  local times, at, nth = string.match(mark or '', '^(%S+) (%S+) (%S+)$')
  if tonumber(times) ~= fetches then return nil end
  return { id = id, at = tonumber(at), nth = tonumber(nth) }
end

-- A waiting job that was handed back and not fetched since; nil for any other.
local function handedBack(id)
  local now = call('HMGET', base .. id, FETCHES, '${HANDED_BACK}')
  return fetchOf(id, now[2], tonumber(now[1]) or 0)
end

-- The jobs in front that are older than this one, the oldest first, and the id of the one behind
-- them. 'page' gives 50 ids in front, the next one first, without the first so many.
local function olderInFront(newest, page)
  local older = {}
  while #older < MAX_MOVED do
    local ids = page(#older)
    for _, id in ipairs(ids) do
      local job = handedBack(id)
      if not job or not isOlder(job, newest) then return older, id end
      table.insert(older, job)
    end
    if #ids < 50 then return older, nil end
  end
  return older, page(#older)[1]
end

-- Takes the newest job out of two lists that begin with the oldest.
local function takeNewest(one, other)
  local isInOther = #one == 0 or (#other > 0 and isOlder(one[#one], other[#other]))
  return table.remove(isInOther and other or one).id
end

-- Puts jobs in front of those without a priority. The last of the list is the next to be fetched.
local function putInWait(jobs)
  local older = olderInFront(jobs[#jobs], function(from)
    local ids, page = call('LRANGE', wait, -from - 50, -from - 1), {}
    for at = #ids, 1, -1 do table.insert(page, ids[at]) end
    return page
  end)
  if #older > 0 then call('LTRIM', wait, 0, -#older - 1) end
  while #jobs + #older > 0 do call('RPUSH', wait, takeNewest(jobs, older)) end
end

-- Puts jobs in front of those with this priority. The lowest score is the next to be fetched.
local function putInPrioritized(priority, jobs)
  local first = priority * PRIORITY_STEPS
  local older, behind = olderInFront(jobs[#jobs], function(from)
    return call('ZRANGEBYSCORE', prioritized, first - PLACES, first - 1, 'LIMIT', from, 50)
  end)
  local score = behind and tonumber(call('ZSCORE', prioritized, behind)) or first
  while #jobs + #older > 0 do
    score = score - 1
    call('ZADD', prioritized, score, takeNewest(jobs, older))
  end
end

local steps = eventsOf(events, meta)
local asked, isKnown = {}, {}
for at = 4, #ARGV, 3 do
  table.insert(asked, { id = ARGV[at], mark = ARGV[at + 1], nth = tonumber(ARGV[at + 2]) or LOST - at })
  isKnown[ARGV[at]] = true
end
if isAll then
  for at, id in ipairs(call('LRANGE', active, 0, -1)) do
    if not isKnown[id] then table.insert(asked, { id = id, nth = LOST - at }) end
  end
end
local given, byPriority = {}, {}
for _, job in ipairs(asked) do
  local key = base .. job.id
  local now = call('HMGET', key, WORKER, FETCHES, 'priority', 'processedOn', '${HANDED_BACK}')
  local isOurs = now[1] == name and (isAll or job.mark == fetchMark(now[1], now[2], now[4]))
  if isOurs and call('LREM', active, 1, job.id) > 0 then
    call('DEL', key .. LOCK)
    call('SREM', stalled, job.id)
    local fetches = tonumber(now[2]) or 0
    local fetch = fetchOf(job.id, now[5], fetches - 1) or { id = job.id, at = tonumber(now[4]) or 0, nth = job.nth }
    call('HSET', key, '${HANDED_BACK}', string.format('%d %.0f %.0f', fetches, fetch.at, fetch.nth))
    tell(steps, 'waiting', 'jobId', job.id, 'prev', 'active')
    local priority = tonumber(now[3]) or 0
    byPriority[priority] = byPriority[priority] or {}
    table.insert(byPriority[priority], fetch)
    table.insert(given, job.id)
  end
end
for priority, jobs in pairs(byPriority) do
  table.sort(jobs, isOlder)
  if priority > 0 then putInPrioritized(priority, jobs) else putInWait(jobs) end
end
if #given > 0 then wakeWorker(meta, active, marker) end
return given
`;
