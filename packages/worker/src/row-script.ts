import { BOOKS_SCRIPT } from '@bullpen/shared';

/** Lua for the ends of rows, on top of that for the books; see `row-note.ts` for what is noted. */
export const ROW_SCRIPT = `
${BOOKS_SCRIPT}
local function booksOf(base, batch)
  local books = base .. 'batch:' .. batch
  return { books, books .. ':fates', books .. ':failures', books .. ':reasons', books .. ':results' }
end

-- Notes the end of a row: its fate, why it failed or what it returned, and that its key is free again.
local function noteRow(base, books, row, fate, reason, text, key)
  local isKept = hasBooks(books)
  if isKept and not settleRow(books, row, fate) then return end
  -- Not before: the key of a row that was settled already may be another row's by now.
  if key ~= '' then call('DEL', base .. 'key:' .. key) end
  if not isKept then return end
  if fate == 2 then
    noteFailure(books, row, reason, text)
  elseif text ~= '' then
    call('HSET', books[5], row, text)
    expireWithBooks(books, books[5])
  end
end
`;

/**
 * Notes the ends of rows of shared jobs, of each while its lease holds.
 * KEYS: any of the queue's. ARGV: base of the keys, then for each job its id, token, batch and how many rows, and of each row the row, fate, reason, text and key.
 * Answers for each job `1`, or `0` when it is not ours.
 */
export const SETTLE_ROWS = `
${ROW_SCRIPT}
local base, at, answers = ARGV[1], 2, {}
while at <= #ARGV do
  local job, token, batch, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  local ours = call('GET', base .. job .. ':lock') == token
  answers[#answers + 1] = ours and '1' or '0'
  local books = ours and booksOf(base, batch)
  for row = at, at + 5 * count - 5, 5 do
    local fate = tonumber(ARGV[row + 1])
    -- One that is said to have failed and has a job of its own was retried: this was said before, and is said again as its answer was lost.
    local isNew = ours and (fate ~= 2 or call('EXISTS', base .. 'b-' .. batch .. '-' .. ARGV[row]) == 0)
    if isNew then noteRow(base, books, ARGV[row], fate, ARGV[row + 2], ARGV[row + 3], ARGV[row + 4]) end
  end
  if ours then keepBooks(books, base .. 'batches', batch) end
  at = at + 5 * count
end
return table.concat(answers)
`;

/**
 * Gives rows of a shared job jobs of their own, delayed until they are due, while the lease holds. A row that has one already, or is settled, is passed over: this may be sent twice.
 * KEYS: lock, job, meta, delayed, events, marker. ARGV: token, base of the keys, batch, name, timestamp, priority, crashes that stay with the shared job or '', then row, payload, opts,
 * instant it is due, attempts made, crashes and failure of each. Answers 1, or 0 when the job is not ours.
 */
export const SPLIT_ROWS = `
${ROW_SCRIPT}
local job, metaKey, delayedKey, eventsKey, markerKey = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local base, batch, name, timestamp, priority = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local books = booksOf(base, batch)
for at = 8, #ARGV, 7 do
  local row, data, opts, dueAt, made, crashes, failure = unpack(ARGV, at, at + 6)
  local id = 'b-' .. batch .. '-' .. row
  local isOpen = call('BITFIELD', books[2], 'GET', 'u2', '#' .. (row - 1))[1] == 0
  if isOpen and call('EXISTS', base .. id) == 0 then
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', 0, 'priority', priority, 'atm', made)
    if crashes ~= '0' then call('HSET', base .. id, 'stc', crashes) end
    if failure ~= '' then call('HSET', base .. id, 'failedReason', failure) end
    call('ZADD', delayedKey, string.format('%.0f', tonumber(dueAt) * 0x1000), id)
    call('XADD', eventsKey, '*', 'event', 'delayed', 'jobId', id, 'delay', dueAt)
    if hasBooks(books) then call('HINCRBY', books[1], 'split', 1) end
  end
end
if ARGV[7] ~= '' then call('HSET', job, 'stc', ARGV[7]) end
call('XTRIM', eventsKey, 'MAXLEN', '~', call('HGET', metaKey, 'opts.maxLenEvents') or 10000)
local first = call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')
if first[2] then call('ZADD', markerKey, tonumber(first[2]) / 0x1000, '1') end
return 1
`;

/**
 * Which rows of a shared job are still to be done: not settled, and without a job of their own.
 * KEYS: fates. ARGV: base of the keys, batch, then the rows.
 */
export const OPEN_ROWS = `
local open = {}
for at = 3, #ARGV do
  local row = ARGV[at]
  local isOpen = redis.call('BITFIELD', KEYS[1], 'GET', 'u2', '#' .. (row - 1))[1] == 0
  if isOpen and redis.call('EXISTS', ARGV[1] .. 'b-' .. ARGV[2] .. '-' .. row) == 0 then open[#open + 1] = tonumber(row) end
end
return open
`;
