import { LAYOUT } from '@bullpen/shared/internal';
import { COMPLETED_ROWS_SCRIPT } from '../redis/row-scripts.js';
import { NEXT_TOKEN } from './next-token.js';

/** How many keys it takes. */
export const COMPLETE_KEYS = 9;

/**
 * Records that rows with a job of their own are completed, counts them in the books of their
 * batches, and fetches a next job for each. It does what BullMQ's moveToFinished, of the version we
 * pin, does for such a job, and no more. BullMQ's script also handles flows, schedulers,
 * deduplication, metrics, rate limits and the keeping of finished jobs, and takes three times as
 * long; a job that has to do with any of them is left to BullMQ's script. A contract test compares
 * what the two scripts leave on Redis, key by key.
 *
 * KEYS: wait, active, prioritized, events, stalled, delayed, meta, marker, pc. ARGV: base of the
 * queue's keys, length of a lease (ms), the worker's name; then for each row the id of its job, the
 * token of its lease, whether a next job is wanted (`1`), the result as JSON, the batch, the row, and
 * what the books keep of the result.
 *
 * Answers for each row a number, and the fields and id of the next job if there is one. The number:
 * - 0: completed.
 * - 1: nothing was done; BullMQ's script has to do it.
 * - below 0: the job is not ours; BullMQ's numbers.
 * - an error in its place: completed, but Redis refused to note it in the books.
 *
 * It fetches no next job from a queue that is paused or full, or that has delayed jobs that are
 * due: the worker then fetches by itself, as it does when it starts. A worker that waits for the
 * marker does not, so the script sets the marker if there is something to fetch.
 */
export const COMPLETE_ROWS = `
${LAYOUT.names}
${LAYOUT.tell}
${COMPLETED_ROWS_SCRIPT}
${NEXT_TOKEN}
local waitKey, activeKey, prioritizedKey, eventsKey, stalledKey, delayedKey, metaKey, markerKey, counterKey = unpack(KEYS)
local base, leaseMs, worker = ARGV[1], ARGV[2], ARGV[3]
local now = nowMs()
local meta = call('HMGET', metaKey, PAUSED, CONCURRENCY, RATE_LIMIT, EVENTS, MAX_EVENTS)
local steps, others = streamsOf(eventsKey, meta[4], meta[5])
local answers, gone, ended = {}, {}, {}
if meta[3] then
  for at = 4, #ARGV, 7 do
    answers[#answers + 1] = 1
    answers[#answers + 1] = false
  end
  return answers
end
local function noteRow(batch, row, text)
  openBooks(base, batch)
  if books and completeRow(row) and text ~= '' then keepResult(books, row, text) end
end

for at = 4, #ARGV, 7 do
  local id, token = ARGV[at], ARGV[at + 1]
  local job = base .. id
  local lock, answer = call('GET', job .. LOCK), 0
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
    gone[n + 1], gone[n + 2], gone[n + 3], gone[n + 4] = job, job .. LOCK, job .. LOGS, job .. ':processed'
    gone[n + 5] = job .. ':failed'
    ended[#ended + 1] = id
    tell(others, 'completed', 'jobId', id, 'returnvalue', ARGV[at + 3], 'prev', 'active')
    -- A refusal of Redis must not end the call: other rows are done by half.
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

local isDue = #call('ZRANGEBYSCORE', delayedKey, 0, (now + 1) * DELAYED_STEPS - 1, 'LIMIT', 0, 1) > 0
local mark, mayBeDrained = false, false
for at = 4, #ARGV, 7 do
  local place = (at - 4) / 7 * 2 + 1
  if answers[place] == 0 then
    local isWanted = ARGV[at + 2] == '1'
    local mayFetch = isWanted and not meta[1] and not (meta[2] and call('LLEN', activeKey) >= tonumber(meta[2]))
    local id = mayFetch and not isDue and nextId()
    -- A marker that old versions of BullMQ put into the list.
    if id and string.sub(id, 1, 2) == '0:' then
      call('LREM', activeKey, 1, id)
      mark = true
    elseif id then
      local job = base .. id
      call('SET', job .. LOCK, nextToken(ARGV[at + 1]), 'PX', leaseMs)
      tell(steps, 'active', 'jobId', id, 'prev', 'waiting')
      call('HSET', job, 'processedOn', string.format('%.0f', now), WORKER, worker)
      call('HINCRBY', job, FETCHES, 1)
      answers[place + 1] = { call('HGETALL', job), id }
      mark = true
    else
      mark = mark or mayFetch and isDue
      mayBeDrained = mayBeDrained or not isWanted or mayFetch and call('EXISTS', delayedKey) == 0
    end
  end
end
if mark then call('ZADD', markerKey, 0, WAITS_NOW) end
if steps and mayBeDrained and call('LLEN', waitKey) == 0 and call('LLEN', activeKey) == 0 and call('EXISTS', prioritizedKey) == 0 then
  tell(steps, 'drained')
end
return answers
`;
