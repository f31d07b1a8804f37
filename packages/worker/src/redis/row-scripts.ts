import { BOOKS_BASE_SCRIPT, BOOKS_SCRIPT } from '@bullpen/shared/internal';

const BOOKS_OF = `
local function booksOf(base, batch)
  local books = base .. 'batch:' .. batch
  return { books, books .. ':fates', books .. ':failures', books .. ':reasons', books .. ':results' }
end

local function keepResult(books, row, text)
  call('HSET', books[5], row, text)
  expireWithBooks(books, books[5])
end
`;

/** Lua for the ends of rows, on top of that for the books; see `row-note.ts` for what is noted. */
export const ROW_SCRIPT = `
${BOOKS_SCRIPT}
${BOOKS_OF}
-- Notes the end of a row: its fate, why it failed or what it returned, and that its key is free
-- again.
local function noteRow(base, books, row, fate, reason, text, key)
  local isKept = hasBooks(books)
  if isKept and not settleRow(books, row, fate) then return end
  -- Not before: the key of a row that was settled already may be another row's by now.
  if key ~= '' then call('DEL', base .. 'key:' .. key) end
  if not isKept then return end
  if fate == 2 then
    noteFailure(books, row, reason, text)
  elseif text ~= '' then
    keepResult(books, row, text)
  end
end
`;

/**
 * Lua that counts completed rows, for the scripts that do so all the time, without what most rows
 * have no use for. Rows of one batch in a row are counted in one go.
 */
export const COMPLETED_ROWS_SCRIPT = `
${BOOKS_BASE_SCRIPT}
${BOOKS_OF}
local batch, books, completed = nil, nil, 0

local function closeBooks(base)
  if completed > 0 then
    call('HINCRBY', books[1], 'completed', completed)
    keepBooks(books, base .. 'batches', batch)
  end
  completed = 0
end

local function openBooks(base, name)
  if name == batch then return end
  closeBooks(base)
  batch, books = name, booksOf(base, name)
  if not hasBooks(books) then books = nil end
end

-- Completes an open row; whether it was open.
local function completeRow(row)
  local isOpen = turnFate(books, row, 1)
  if isOpen then completed = completed + 1 end
  return isOpen
end
`;

/**
 * Notes the ends of rows of shared jobs, of each while its lease holds.
 * KEYS: any of the queue's. ARGV: base of the keys, then for each job its id, token, batch, the
 * rows that are completed and have nothing else to be kept (in one text, with spaces), how many
 * others, and of each of them the row, fate, reason, text and key. Answers for each job `1`, or `0`
 * when it is not ours.
 */
export const SETTLE_ROWS = `
${COMPLETED_ROWS_SCRIPT}
local function others(base, batch, from, to)
${ROW_SCRIPT}
  local books = booksOf(base, batch)
  for at = from, to, 5 do
    local row, fate = ARGV[at], tonumber(ARGV[at + 1])
    -- One that is said to have failed and has a job of its own was retried: this was said before,
    -- and is said again as its answer was lost.
    if fate ~= 2 or call('EXISTS', base .. 'b-' .. batch .. '-' .. row) == 0 then
      noteRow(base, books, row, fate, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    end
  end
  keepBooks(books, base .. 'batches', batch)
end

local base, at, answers = ARGV[1], 2, {}
while at <= #ARGV do
  local job, count = ARGV[at], tonumber(ARGV[at + 4])
  local ours = call('GET', base .. job .. ':lock') == ARGV[at + 1]
  if ours then
    openBooks(base, ARGV[at + 2])
    if books then
      for row in string.gmatch(ARGV[at + 3], '%d+') do completeRow(row) end
    end
    if count > 0 then others(base, ARGV[at + 2], at + 5, at + 4 + 5 * count) end
  end
  answers[#answers + 1] = ours and '1' or '0'
  at = at + 5 + 5 * count
end
closeBooks(base)
return table.concat(answers)
`;

/**
 * Gives rows of a shared job jobs of their own, delayed until they are due, while the lease holds.
 * A row that has one already, or is settled, is passed over: this may be sent twice.
 * KEYS: lock, job, meta, delayed, events, marker. ARGV: token, base of the keys, batch, name,
 * timestamp, priority, crashes that stay with the shared job or '', then row, payload, opts,
 * instant it is due, attempts made, crashes and failure of each. Answers 1, or 0 when the job is
 * not ours.
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
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', 0, 'priority', priority, 'atm', made, 'ats', 1)
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
