import { COMPLETED_ROWS_SCRIPT } from '../redis/row-scripts.js';

/** How many keys it takes. */
export const COMPLETE_KEYS = 9;

/**
 * Records that rows with a job of their own are completed, counts them in the books of their
 * batches, and fetches a next job for each: what BullMQ's moveToFinished does for such a job, of
 * the version we pin, and no more. That script has to be ready for flows, schedulers,
 * deduplication, metrics, limits and what is kept of a job, and takes three times as long; a job
 * that has to do with any of them is left to it. A contract test compares what the two leave in
 * Redis, key by key.
 *
 * KEYS: wait, active, prioritized, events, stalled, delayed, meta, marker, pc. ARGV: base of the
 * keys, now (ms), duration of a lease (ms), name of the worker; then for each row the id of its
 * job, the token of its lease, whether a next job is wanted (`1`), the result as JSON, the batch,
 * the row, and what the books keep of the result. Answers for each row a number, and the fields and
 * id of the next job if there is one: 0, completed; 1, nothing was done, it is BullMQ's script's to
 * do; below 0, not ours, in BullMQ's numbers; an error, completed, but Redis would not have it
 * noted. None is fetched from a queue that is paused or full, or has delayed jobs that are due: the
 * worker asks by itself then, as it does when it starts. One that waits for the marker does not; so
 * it is set if there is something to ask for.
 */
export const COMPLETE_ROWS = `
${COMPLETED_ROWS_SCRIPT}
local waitKey, activeKey, prioritizedKey, eventsKey, stalledKey, delayedKey, metaKey, markerKey, counterKey = unpack(KEYS)
local base, now, leaseMs, worker = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local meta = call('HMGET', metaKey, 'paused', 'concurrency', 'max', 'opts.maxLenEvents')
local answers, gone, ended = {}, {}, {}
if meta[3] then
  for at = 5, #ARGV, 7 do
    answers[#answers + 1] = 1
    answers[#answers + 1] = false
  end
  return answers
end
local function noteRow(batch, row, text)
  openBooks(base, batch)
  if books and completeRow(row) and text ~= '' then keepResult(books, row, text) end
end

call('XTRIM', eventsKey, 'MAXLEN', '~', meta[4] or 10000)

for at = 5, #ARGV, 7 do
  local id, token = ARGV[at], ARGV[at + 1]
  local job = base .. id
  local lock, answer = call('GET', job .. ':lock'), 0
  if lock ~= token then
    answer = call('EXISTS', job) == 0 and -1 or lock and -6 or -2
  else
    local parts = call('EXISTS', job, job .. ':dependencies', job .. ':unsuccessful')
    if parts ~= 1 then answer = parts == 0 and -1 or 1
    elseif call('LREM', activeKey, -1, id) == 0 then answer = -3 end
  end
  if answer == 0 then
    local row, text = ARGV[at + 5], ARGV[at + 6]
    local n = #gone
    gone[n + 1], gone[n + 2], gone[n + 3], gone[n + 4] = job, job .. ':lock', job .. ':logs', job .. ':processed'
    gone[n + 5] = job .. ':failed'
    ended[#ended + 1] = id
    call('XADD', eventsKey, '*', 'event', 'completed', 'jobId', id, 'returnvalue', ARGV[at + 3], 'prev', 'active')
    -- What Redis refuses here must not end the call: the others are half done.
    local isNoted, fault = pcall(noteRow, ARGV[at + 4], row, text)
    if not isNoted then answer = type(fault) == 'table' and fault or redis.error_reply(fault) end
  end
  answers[#answers + 1] = answer
  answers[#answers + 1] = false
end
closeBooks(base)
if #ended == 0 then return answers end
call('DEL', unpack(gone))
call('SREM', stalledKey, unpack(ended))

local function nextId()
  local id = call('RPOPLPUSH', waitKey, activeKey)
  if id then return id end
  id = call('ZPOPMIN', prioritizedKey)[1]
  if id then call('LPUSH', activeKey, id) else call('DEL', counterKey) end
  return id
end

local isDue = #call('ZRANGEBYSCORE', delayedKey, 0, (now + 1) * 0x1000 - 1, 'LIMIT', 0, 1) > 0
local mark, mayBeDrained = false, false
for at = 5, #ARGV, 7 do
  local place = (at - 5) / 7 * 2 + 1
  if answers[place] == 0 then
    local isWanted = ARGV[at + 2] == '1'
    local mayFetch = isWanted and not meta[1] and not (meta[2] and call('LLEN', activeKey) >= tonumber(meta[2]))
    local id = mayFetch and not isDue and nextId()
    -- A marker that old versions of BullMQ put there.
    if id and string.sub(id, 1, 2) == '0:' then
      call('LREM', activeKey, 1, id)
      mark = true
    elseif id then
      local job = base .. id
      call('SET', job .. ':lock', ARGV[at + 1], 'PX', leaseMs)
      call('XADD', eventsKey, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
      call('HSET', job, 'processedOn', now, 'pb', worker)
      call('HINCRBY', job, 'ats', 1)
      answers[place + 1] = { call('HGETALL', job), id }
      mark = true
    else
      mark = mark or mayFetch and isDue
      mayBeDrained = mayBeDrained or not isWanted or mayFetch and call('EXISTS', delayedKey) == 0
    end
  end
end
if mark then call('ZADD', markerKey, 0, '0') end
if mayBeDrained and call('LLEN', waitKey) == 0 and call('LLEN', activeKey) == 0 and call('EXISTS', prioritizedKey) == 0 then
  call('XADD', eventsKey, '*', 'event', 'drained')
end
return answers
`;
