/**
 * The most completed jobs that one call removes because they are too many or too old: a few
 * milliseconds.
 */
const MAX_REMOVED = 1_000;

/**
 * The half of a turn that records ends. It reads the arguments from the ninth on, and leaves
 * `answers`, `ends`, and `ended`, the ids of the jobs that are completed now.
 */
export const TURN_ENDS_SCRIPT = `
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
`;
