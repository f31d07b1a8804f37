import { DELAYED_STEPS_PER_MS } from '@bullpen/shared/internal';
import { JOB_ROWS_SCRIPT } from './job-rows-script.js';

/** How long one call may take Redis, in microseconds, about. */
const MAX_COST = 4_000;

/**
 * Counts the open rows of a batch's jobs in one part of a queue, a page at a time. With the first
 * page it also reads the books, at the same moment.
 *
 * KEYS: the list or set to count in, fates, reasons. ARGV: base of the queue's keys, batch, `list`
 * or `set`, how many jobs to pass over, how many to look at, `1` to read the books, how many
 * reasons. Answers where the next page begins, or -1 at the end, and the number of rows; if the
 * books are read also the books; the reasons, each with its count and its example; and how many
 * jobs of the queue are not settled; else, of a set, when the first of the rows is due.
 */
export const SHOW_SCRIPT = `
local call = redis.call
local base, batch, fates = ARGV[1], ARGV[2], KEYS[2]
${JOB_ROWS_SCRIPT}
local from, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local ids = call(ARGV[3] == 'list' and 'LRANGE' or 'ZRANGE', KEYS[1], from, from + most - 1)
local rows, next, due = 0, from + #ids, ''
if #ids < most then next = -1 end
local function count() rows = rows + 1 end
for at, id in ipairs(ids) do
  local ranges, isShared = rangesOf(id)
  if ranges then eachOpen(ranges, isShared, count) end
  if due == '' and rows > 0 and ARGV[3] == 'set' then
    due = string.format('%.0f', math.floor(call('ZSCORE', KEYS[1], id) / ${DELAYED_STEPS_PER_MS}))
  end
  if cost >= ${MAX_COST} and at < #ids then
    next = from + at
    break
  end
end
if ARGV[6] ~= '1' then return { next, rows, {}, {}, 0, due } end
local queued = call('LLEN', base .. 'wait') + call('LLEN', base .. 'active') + call('ZCARD', base .. 'prioritized') + call('ZCARD', base .. 'delayed')
local tally, ranked = {}, call('ZREVRANGE', KEYS[3], 0, ARGV[7] - 1, 'WITHSCORES')
for at = 1, #ranked, 2 do
  local example = call('HGET', books .. ':examples', ranked[at]) or ''
  for _, part in ipairs({ ranked[at], ranked[at + 1], example }) do tally[#tally + 1] = part end
end
return { next, rows, call('HGETALL', books), tally, queued }
`;
