import { LAYOUT, META, PRIORITIES_SCRIPT } from '@bullpen/shared/internal';

/**
 * Lua that adds jobs to a queue as BullMQ does, for the scripts that insert single jobs and rows of
 * batches. Jobs with the same *settings* share their name, their options and when they are due:
 * `settingsOf` in job-opts.ts describes them.
 *
 * A script begins with `prepare` for each of its settings, calls `addJob` for each job, and ends
 * with `announce`; all that writes goes through `asWhole`. It needs `base`, the beginning of all
 * keys of the queue.
 *
 * Redis' clock says when a job was enqueued, is due and expires. A client sends waits, and instants
 * only as its user has written them.
 */
export const ADD_SCRIPT = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.delayedScore}
${LAYOUT.wakeWorker}
${LAYOUT.wakeWhenDue}
${LAYOUT.prioritize}
${PRIORITIES_SCRIPT}
-- As text: Redis would write a number as a text again for each job.
local function asText(number) return string.format('%.0f', number) end
local now = nowMs()
local timestamp = asText(now)
local waitKey, metaKey, delayedKey, eventsKey = base .. 'wait', base .. 'meta', base .. 'delayed', base .. 'events'
local prioritizedKey, markerKey = base .. 'prioritized', base .. 'marker'

local meta = call('HMGET', metaKey, PAUSED, CONCURRENCY, MAX_EVENTS, '${META.priorities}', EVENTS)
local priorities = meta[4]
local steps, others = streamsOf(eventsKey, meta[5], meta[3])

-- The options of jobs, two pieces of text. What depends on the time is null in them.
local function fill(opts, field, value)
  for piece = 1, 2 do
    local at, to = string.find(opts[piece], '"' .. field .. '":null', 1, true)
    if at then opts[piece] = string.sub(opts[piece], 1, to - 4) .. asText(value) .. string.sub(opts[piece], to + 1) end
  end
end

local function prepare(settings)
  local given = settings.dueAt
  -- A given instant in the past is now.
  settings.dueAt = math.max(given or now + settings.delay, now)
  settings.isDelayed = settings.dueAt > now
  settings.delayText = settings.isDelayed and asText(settings.dueAt - now) or '0'
  if given then fill(settings.opts, 'delay', settings.dueAt - now) end
  if settings.expiresIn then fill(settings.opts, 'expiresAt', settings.dueAt + settings.expiresIn) end
  settings.priorityText = settings.priority > 0 and asText(settings.priority) or '0'
  settings.kind = settings.priority > 0 and '1' or '0'
end

local waiting, jobs, hasDelayed, mayFetch = {}, 0, false, false

-- The jobs that this call has stored, and the records of the keys that it has taken for them.
local stored, taken = {}, {}

-- Does the work, or takes back what it stored. Redis ends a script at a command that the user may not
-- run. A job on no list would never start, and would hold its key.
local function asWhole(work)
  local isDone, result = pcall(work)
  if isDone then return result end
  for _, id in ipairs(stored) do
    redis.pcall('LREM', waitKey, 1, id)
    redis.pcall('ZREM', delayedKey, id)
    redis.pcall('ZREM', prioritizedKey, id)
    redis.pcall('DEL', base .. id)
  end
  for _, record in ipairs(taken) do redis.pcall('DEL', record) end
  -- As Redis said it, with its code: pcall makes a text of it.
  error(type(result) == 'table' and result or redis.error_reply(result))
end

-- The jobs of a batch are not told one by one: they would push the events of all other jobs out of
-- the stream, which keeps 10,000.
local function addJob(settings, id, data, opts, isQuiet)
  jobs = jobs + 1
  stored[jobs] = id
  call('HSET', base .. id, 'name', settings.name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', settings.delayText, 'priority', settings.priorityText)
  local told = not isQuiet and steps
  tell(told, 'added', 'jobId', id, 'name', settings.name)
  if settings.isDelayed then
    call('ZADD', delayedKey, delayedScore(delayedKey, settings.dueAt), id)
    hasDelayed = true
    tell(told, 'delayed', 'jobId', id, 'delay', asText(settings.dueAt))
    return
  end
  if settings.priority > 0 then
    prioritize(base, id, settings.priority)
    mayFetch = true
  else
    waiting[#waiting + 1] = id
  end
  tell(told, 'waiting', 'jobId', id)
end

-- Puts the jobs that wait into the list. One command does it for all of them.
local function lineUp()
  if #waiting == 0 then return end
  call('LPUSH', waitKey, unpack(waiting))
  waiting, mayFetch = {}, true
end

-- Whether jobs with these settings must not join the queue now: it has jobs with priorities and
-- these have none, or the reverse. What was said of the last settings holds for the next ones.
local admitted
local function isMixed(settings)
  if settings.kind == admitted then return false end
  lineUp()
  if mixes(base, settings.kind, priorities) then return true end
  admitted, priorities = settings.kind, settings.kind
  return false
end

-- How many jobs wait on the queue, if they are too many for a job with these settings.
local function tooMany(settings)
  if not settings.maxWaiting then return nil end
  local waits = call('LLEN', waitKey) + call('ZCARD', prioritizedKey) + #waiting
  if settings.isDelayed then waits = waits + call('ZCARD', delayedKey) end
  return waits >= settings.maxWaiting and waits or nil
end

local function announce()
  lineUp()
  if not meta[3] then call('HSET', metaKey, MAX_EVENTS, DEFAULT_MAX_EVENTS) end
  if jobs > 0 then call('INCRBY', base .. 'id', jobs) end
  if mayFetch then wakeWorker(metaKey, base .. 'active', markerKey, meta) end
  if hasDelayed then wakeWhenDue(delayedKey, markerKey) end
end

-- Returns a function that cuts the next line off a text. An empty text gives an empty line each
-- time.
local function cutter(text)
  local from, find, sub = 1, string.find, string.sub
  return function()
    if text == '' then return '' end
    local to = find(text, '\\n', from, true)
    local line = sub(text, from, to - 1)
    from = to + 1
    return line
  end
end
`;
