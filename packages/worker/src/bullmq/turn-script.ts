import { KEY_SCRIPT, LAYOUT } from '@bullpen/shared/internal';
import { COMPLETED_ROWS_SCRIPT } from '../redis/row-scripts.js';

/** How many keys it takes. */
export const TURN_KEYS = 11;

/**
 * Up to how many characters the fields of a job travel as JSON. One text costs the client less than
 * a dozen; but to write a long payload as JSON once more costs Redis more than to send it.
 */
const MAX_JSON = 1_024;

/**
 * The most completed jobs that one call removes because they are too many or too old: a few
 * milliseconds.
 */
const MAX_REMOVED = 1_000;

/**
 * One turn of a worker's main loop: "these jobs are completed, give me up to so many others". It does
 * what BullMQ's moveToFinished and moveToActive, of the version we pin, do for jobs that have nothing
 * to do with flows, schedulers or deduplication, and no more. The end of any other job is left to
 * BullMQ's own script (`finish-script.ts`). Contract tests compare what this script and a stock
 * worker leave on Redis, key by key.
 *
 * KEYS: wait, active, prioritized, events, stalled, delayed, meta, marker, pc, completed, limiter.
 * ARGV: base of the queue's keys, length of a lease (ms), the worker's name, the token for the jobs
 * that it fetches, how many jobs it may fetch for free slots, and how many ahead; how many completed
 * jobs are kept, and for how long (s); then for each end the id of its job, the token of its lease,
 * the result as JSON, and its kind with what belongs to it:
 * - `job`, the number of attempts made: a single job, which is kept.
 * - `row`, its batch, the row, what the books keep of the result: the job of a row, which is removed.
 * - `rows`, their batch: a job that rows share, which is removed.
 *
 * Answers with five values. First a number for each end:
 * - 0: completed.
 * - 1: nothing was done; BullMQ's script has to do it.
 * - below 0: the job is not ours; BullMQ's numbers.
 * - an error in its place: completed, but Redis refused to note it in the books.
 * Then the fetched jobs: for each its id and its fields as they were before this fetch, as a list or
 * as JSON. Then the instant of the fetch. The last two say why there may be fewer jobs than it asked
 * for: for how long the queue is limited (ms), and when its next delayed job is due. Each is 0 if it
 * is not so.
 */
export const TURN = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.prioritize}
${COMPLETED_ROWS_SCRIPT}
${KEY_SCRIPT}
local waitKey, activeKey, prioritizedKey, eventsKey, stalledKey, delayedKey, metaKey, markerKey, counterKey, completedKey, limiterKey = unpack(KEYS)
local base, leaseMs, worker, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local free, ahead = tonumber(ARGV[5]), tonumber(ARGV[6])
local now = nowMs()
local nowText = string.format('%.0f', now)
local leasedUntil = string.format('%.0f', now + leaseMs)
local meta = call('HMGET', metaKey, PAUSED, CONCURRENCY, RATE_LIMIT, 'duration', EVENTS, MAX_EVENTS)
local isPaused, concurrency, limit = meta[1], tonumber(meta[2]), tonumber(meta[3])
local steps, others = streamsOf(eventsKey, meta[5], meta[6])

local ARGS_OF = { job = 5, row = 7, rows = 5 }
local ends, at = {}, 9
while at <= #ARGV do
  ends[#ends + 1] = at
  at = at + ARGS_OF[ARGV[at + 3]]
end

local answers, gone, ended, kept = {}, {}, {}, {}

local function noteRow(batch, row, text)
  openBooks(base, batch)
  if books and completeRow(row) and text ~= '' then keepResult(books, row, text) end
end

local function noteRows(batch)
  keepBooks(booksOf(base, batch), base .. 'batches', batch)
end

-- Of a completed child of a flow its parent knows already: no job has to be asked for its parent.
local function removeOld(count, age)
  local old = call('ZRANGEBYSCORE', completedKey, '-inf', now - age * 1000, 'LIMIT', 0, ${MAX_REMOVED})
  local over = math.min(call('ZCARD', completedKey) - count, ${MAX_REMOVED})
  if over > #old then old = call('ZRANGE', completedKey, 0, over - 1) end
  if #old == 0 then return end
  local keys, parts = {}, {}
  for i = 1, #old do
    local job, n = base .. old[i], #parts
    keys[i] = job
    parts[n + 1], parts[n + 2], parts[n + 3] = job .. LOGS, job .. ':dependencies', job .. ':processed'
    parts[n + 4], parts[n + 5] = job .. ':failed', job .. ':unsuccessful'
  end
  call('DEL', unpack(keys))
  -- Hardly ever a job has any of these, and to look costs a third of what it costs to remove nothing.
  if call('EXISTS', unpack(parts)) > 0 then call('DEL', unpack(parts)) end
  call('ZREMRANGEBYRANK', completedKey, 0, #old - 1)
end

if #ends > 0 then
  local locks, jobs, parts = {}, {}, {}
  for i = 1, #ends do
    local job = base .. ARGV[ends[i]]
    locks[i], jobs[i] = job .. LOCK, job
    parts[2 * i - 1], parts[2 * i] = job .. ':dependencies', job .. ':unsuccessful'
  end
  locks = call('MGET', unpack(locks))
  -- Hardly ever a job was removed, or is the parent of others: two commands ask for all.
  local areAllThere = call('EXISTS', unpack(jobs)) == #ends
  local isAnyParent = call('EXISTS', unpack(parts)) > 0
  for i = 1, #ends do
    at = ends[i]
    local id, result, kind, job, answer = ARGV[at], ARGV[at + 2], ARGV[at + 3], jobs[i], 0
    if locks[i] ~= ARGV[at + 1] then
      answer = call('EXISTS', job) == 0 and -1 or locks[i] and -6 or -2
    elseif not areAllThere and call('EXISTS', job) == 0 then
      answer = -1
    elseif isAnyParent and call('EXISTS', parts[2 * i - 1], parts[2 * i]) > 0 then
      answer = 1
    elseif call('LREM', activeKey, -1, id) == 0 then
      answer = -3
    else
      ended[#ended + 1] = id
      gone[#gone + 1] = job .. LOCK
      tell(others, 'completed', 'jobId', id, 'returnvalue', result, 'prev', 'active')
      if kind == 'job' then
        kept[#kept + 1], kept[#kept + 2] = nowText, id
        call('HSET', job, ATTEMPTS_MADE, ARGV[at + 4], 'returnvalue', result, 'finishedOn', nowText)
        -- A cancellation that came too late is not meant for the next run of the job, by hand.
        call('HDEL', job, DEFERRED_FAILURE)
        local record = recordOf(base, id)
        if record and call('GET', record) == id then call('EXPIRE', record, ARGV[8]) end
      else
        local n = #gone
        gone[n + 1], gone[n + 2], gone[n + 3], gone[n + 4] = job, job .. LOGS, job .. ':processed', job .. ':failed'
        -- A refusal of Redis must not end the call: other jobs are done by half.
        local isNoted, fault
        if kind == 'row' then isNoted, fault = pcall(noteRow, ARGV[at + 4], ARGV[at + 5], ARGV[at + 6])
        else isNoted, fault = pcall(noteRows, ARGV[at + 4]) end
        if not isNoted then answer = type(fault) == 'table' and fault or redis.error_reply(fault) end
      end
    end
    answers[i] = answer
  end
  closeBooks(base)
  if #ended > 0 then
    call('DEL', unpack(gone))
    call('SREM', stalledKey, unpack(ended))
  end
  if #kept > 0 then
    call('ZADD', completedKey, unpack(kept))
    removeOld(tonumber(ARGV[7]), ARGV[8])
  end
end

local isFull = concurrency and call('LLEN', activeKey) >= concurrency
local function wake()
  if not isPaused and not isFull then call('ZADD', markerKey, 0, WAITS_NOW) end
end

local function fetchDue()
  local due = call('ZRANGEBYSCORE', delayedKey, 0, (now + 1) * DELAYED_STEPS - 1, 'LIMIT', 0, 1000)
  if #due == 0 then return end
  call('ZREM', delayedKey, unpack(due))
  for i = 1, #due do
    local id = due[i]
    local priority = tonumber(call('HGET', base .. id, 'priority')) or 0
    if priority == 0 then
      call('LPUSH', waitKey, id)
    else
      prioritize(base, id, priority)
    end
    tell(steps, 'waiting', 'jobId', id, 'prev', 'delayed')
    call('HSET', base .. id, 'delay', 0)
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
  local count = 0
  local function hold(id)
    count = count + 1
    local job = base .. id
    local fields = call('HGETALL', job)
    local fetches, isDecided, size = 0, false, 0
    for i = 1, #fields, 2 do
      size = size + #fields[i + 1]
      if fields[i] == FETCHES then fetches = fields[i + 1] elseif fields[i] == DEFERRED_FAILURE then isDecided = true end
    end
    if limit and not isDecided and call('INCR', limiterKey) == 1 then
      call('PEXPIRE', limiterKey, math.floor(math.abs(meta[4])))
    end
    call('SET', job .. LOCK, token, 'PXAT', leasedUntil)
    tell(steps, 'active', 'jobId', id, 'prev', 'waiting')
    call('HSET', job, 'processedOn', nowText, WORKER, worker, FETCHES, fetches == 0 and '1' or string.format('%.0f', fetches + 1))
    fetched[2 * count - 1], fetched[2 * count] = id, size > 0 and size <= ${MAX_JSON} and cjson.encode(fields) or fields
  end
  local waiting = most > 0 and waitingIds(most) or {}
  for i = 1, #waiting do hold(waiting[i]) end
  if #waiting > 0 then moveWaiting(waiting) end
  while count < most do
    local id = nextPrioritized()
    if not id then break end
    hold(id)
  end
  -- There may be more for somebody else.
  if count > 0 and count == most then call('ZADD', markerKey, 0, WAITS_NOW) end
  if count < free + ahead then
    local first = call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')[2]
    if first then dueAt = math.floor(tonumber(first) / DELAYED_STEPS) end
  end
elseif #ended > 0 and concurrency and call('LLEN', waitKey) + call('ZCARD', prioritizedKey) > 0 then
  -- We fetch nothing into the place that has become free.
  wake()
end
if steps and #ended > 0 and #fetched == 0 and (free + ahead == 0 or not isPaused and dueAt == 0) and call('LLEN', waitKey) == 0 and call('LLEN', activeKey) == 0 and call('EXISTS', prioritizedKey) == 0 then
  tell(steps, 'drained')
end
return { answers, fetched, nowText, limitedMs, dueAt }
`;
