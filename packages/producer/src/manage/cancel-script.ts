import { BOOKS_SCRIPT, LAYOUT } from '@bullpen/shared/internal';
import { JOB_ROWS_SCRIPT } from '../books/job-rows-script.js';
import { TAKE_OFF_SCRIPT } from './take-off-script.js';
import { TAKE_OUT_SCRIPT, WINDOW_ARGS, WINDOW_SCRIPT } from './window-script.js';

/** How many cancelled batches one call looks at, to forget those whose books are gone. */
const CHECKED_BATCHES = 10;

/**
 * Notes in the books of a batch that it is cancelled, marks its jobs that run, and tells the
 * workers. From now on nothing is added to it, a worker that fetches a job of it cancels the job, and
 * its running rows are aborted. Jobs that run have marks of their own because they may be snoozed or
 * retried for longer than the books are kept.
 *
 * KEYS: the five books, the index of batches, the cancelled batches, active. ARGV: base of the
 * queue's keys, the batch's name, a text that no other call has, the channel, what to publish.
 * Answers with what the batch was before, `open`, `cancelled`, `settled` (then nothing was noted) or
 * `unknown`; and how many of its rows earlier calls have taken off the queue.
 */
export const CANCEL_BATCH_SCRIPT = `
${LAYOUT.names}
${BOOKS_SCRIPT}
local books, index, set, active = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] }, KEYS[6], KEYS[7], KEYS[8]
local base, batch, caller = ARGV[1], ARGV[2], ARGV[3]
if not hasBooks(books) then return { 'unknown', '0' } end
local at = call('HMGET', books[1], 'cancelledAt', 'readAt', 'cancelledBy', 'added', 'completed', 'failed', 'cancelled', 'takenOff')
local open = at[4] - at[5] - at[6] - at[7]
if not at[1] and at[2] and open <= 0 then return { 'settled', at[8] or '0' } end
local now = string.format('%.0f', nowMs())
keepBooks(books, index, batch)
if not at[1] then call('HSET', books[1], 'cancelledAt', now, 'cancelledBy', caller) end

local start = 'b-' .. batch .. '-'
for _, id in ipairs(call('LRANGE', active, 0, -1)) do
  local rows = string.sub(id, 1, #start) == start and string.sub(id, #start + 1)
  local isOfBatch = rows and (string.match(rows, '^%d+$') or string.match(rows, '^%d+_%d+$'))
  if isOfBatch and call('EXISTS', base .. id) == 1 then call('HSET', base .. id, DEFERRED_FAILURE, CANCELLED) end
end

-- Batches whose books are gone have no place here. A few are looked at each time, so few are left.
for _, name in ipairs(call('ZRANDMEMBER', set, ${CHECKED_BATCHES}) or {}) do
  if call('EXISTS', base .. 'batch:' .. name) == 0 then call('ZREM', set, name) end
end
local last = call('ZRANGE', set, -1, -1, 'WITHSCORES')[2] or 0
call('ZADD', set, string.format('%.0f', math.max(tonumber(now), last + 1)), batch)
call('PEXPIREAT', set, math.max(call('PEXPIRETIME', index), call('PEXPIRETIME', books[1]), call('PEXPIRETIME', set)))
-- Without the permission to publish workers learn of the batch a moment later.
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return { at[1] and at[3] ~= caller and 'cancelled' or 'open', at[8] or '0' }
`;

/** How long one call may take Redis, in microseconds, about, and how much it may read, in bytes. */
const MAX_COST = 4_000;
const MAX_BYTES = 2_097_152;

/**
 * Reads the jobs of a batch in a window, with their payloads, for the keys of their rows.
 *
 * KEYS: the list or set, fates. ARGV: base of the queue's keys, batch, `wait`, `prioritized` or
 * `delayed`, where the window begins, how many jobs it has. Answers how many jobs it looked at
 * (fewer if payloads are big); then id and payload of each job of the batch.
 */
export const PEEK_SCRIPT = `
local call = redis.call
${WINDOW_ARGS}
${JOB_ROWS_SCRIPT}
${WINDOW_SCRIPT}
local answer, bytes = { #ids }, 0
for at, id in ipairs(ids) do
  if rangesOf(id) then
    local data = call('HGET', base .. id, 'data') or ''
    answer[#answer + 1] = id
    answer[#answer + 1] = data
    bytes = bytes + #data
  end
  if bytes > ${MAX_BYTES} or cost > ${MAX_COST} then
    answer[1] = at
    break
  end
end
return answer
`;

/**
 * Takes the jobs of a batch out of a window, settles their open rows as cancelled, and frees the
 * keys of these rows.
 *
 * KEYS: the list or set, fates, events, meta, the five books. ARGV: base of the queue's keys,
 * batch, `wait`, `prioritized` or `delayed`, where the window begins, how many jobs it has; if the
 * rows have keys, also a JSON object with the keys of each job's rows, in their order: a job that
 * is not in it stays. Answers where the next window begins, or -1 at the end; how many jobs it took
 * out; and how many rows of the batch this call and all calls before it took out together, so that
 * rows are counted even if an answer is lost.
 */
export const SWEEP_SCRIPT = `
local call = redis.call
${WINDOW_ARGS}
local eventsKey, metaKey = KEYS[3], KEYS[4]
${TAKE_OFF_SCRIPT}
${WINDOW_SCRIPT}
${TAKE_OUT_SCRIPT}
local books = { KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9] }
local keys = ARGV[6] and cjson.decode(ARGV[6])
if not hasBooks(books) then return { -1, 0, '0' } end

-- Everything that can fail comes before everything that changes something.
local taken, looked = {}, #ids
for at, id in ipairs(ids) do
  local ranges, isShared = rangesOf(id)
  if ranges and (not keys or keys[id]) then
    local job = describeJob(id, ranges, isShared, keys and keys[id])
    job.at = at
    taken[#taken + 1] = job
    cost = cost + 10 + 2 * #job.rows
  end
  if cost > ${MAX_COST} then
    looked = at
    break
  end
end
local next = from + looked - #taken
if looked == #ids and #ids < most then next = -1 end
if #taken == 0 then return { next, 0, call('HGET', books[1], 'takenOff') or '0' } end

takeOut(taken, looked)
local rows = removeCancelled(taken, part, books)
local all = call('HINCRBY', books[1], 'takenOff', rows)
keepBooks(books, base .. 'batches', batch)
return { next, #taken, tostring(all) }
`;
