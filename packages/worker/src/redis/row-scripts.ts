import { BOOKS_BASE_SCRIPT, BOOKS_SCRIPT, KEY_SCRIPT, LAYOUT, META, OWN_FIELDS } from '@bullpen/shared/internal';

/** Begins the field of a shared job that remembers a failed row, if the batch has no books. */
const FAILED_ROW = `${OWN_FIELDS}failedRow.`;

/** Lua that finds the books of a batch by its name, and keeps what a row returned. */
const BOOKS_OF = `
local function booksOf(base, batch)
  local books = base .. 'batch:' .. batch
  return { books, books .. ':fates', books .. ':failures', books .. ':reasons', books .. ':results', batch = batch }
end

local function keepResult(books, row, text)
  call('HSET', books[5], row, text)
  expireWithBooks(books, books[5])
end
`;

/**
 * Lua that notes the ends of rows in the books of their batches. `row-note.ts` says what is noted.
 */
export const ROW_SCRIPT = `
${BOOKS_SCRIPT}
${BOOKS_OF}
${KEY_SCRIPT}
-- Notes the end of a row: its fate, why it failed or what it returned; counts it in its queue if it
-- failed; and frees its key.
local function noteRow(base, books, row, fate, reason, text, key)
  local isKept = hasBooks(books)
  if isKept and not settleRow(books, row, fate) then return end
  if fate == 2 then call('HINCRBY', base .. 'meta', '${META.failedRows}', 1) end
  if key ~= '' then freeKey(base .. 'key:' .. key, 'b-' .. books.batch .. '-' .. row) end
  if not isKept then return end
  if fate == 2 then
    noteFailure(books, row, reason, text)
  elseif text ~= '' then
    keepResult(books, row, text)
  end
end
`;

/**
 * Lua that counts completed rows, for the scripts that run most often. It leaves out what most rows
 * do not need. Rows of the same batch that follow each other are counted with one command.
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
 * Notes the ends of rows of shared jobs, for each job only while its lease holds.
 *
 * KEYS: any key of the queue. ARGV: base of the queue's keys; then for each job its id, token and
 * batch, the rows that are completed and have nothing else to keep (one text, with spaces between
 * them), the number of its other rows, and for each of these the row, fate, reason, text and key.
 * Answers one character for each job: `1`, or `0` when the job is not ours.
 */
export const SETTLE_ROWS = `
${LAYOUT.names}
${COMPLETED_ROWS_SCRIPT}
local function others(base, job, batch, from, to)
${ROW_SCRIPT}
  local books = booksOf(base, batch)
  -- Whether this end of a failed row was noted before; its answer was lost, and it is sent again.
  -- The row was retried since if it has a job of its own. Without books the job remembers its rows.
  local function wasNoted(row)
    if call('EXISTS', base .. 'b-' .. batch .. '-' .. row) == 1 then return true end
    return not hasBooks(books) and call('EXISTS', job) == 1 and call('HSETNX', job, '${FAILED_ROW}' .. row, 1) == 0
  end
  for at = from, to, 5 do
    local row, fate = ARGV[at], tonumber(ARGV[at + 1])
    if fate ~= 2 or not wasNoted(row) then
      noteRow(base, books, row, fate, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    end
  end
  keepBooks(books, base .. 'batches', batch)
end

local base, at, answers = ARGV[1], 2, {}
while at <= #ARGV do
  local job, count = ARGV[at], tonumber(ARGV[at + 4])
  local ours = call('GET', base .. job .. LOCK) == ARGV[at + 1]
  if ours then
    openBooks(base, ARGV[at + 2])
    if books then
      for row in string.gmatch(ARGV[at + 3], '%d+') do completeRow(row) end
    end
    if count > 0 then others(base, base .. job, ARGV[at + 2], at + 5, at + 4 + 5 * count) end
  end
  answers[#answers + 1] = ours and '1' or '0'
  at = at + 5 + 5 * count
end
closeBooks(base)
return table.concat(answers)
`;

/**
 * Gives rows of a shared job jobs of their own, delayed until they are due, while the lease of the
 * shared job holds. A row that has a job of its own already, or is settled, is left out, so the
 * same call may be sent twice.
 *
 * KEYS: the shared job's lock, the shared job, meta, delayed, events, marker. ARGV: token, base of
 * the queue's keys, batch, name, timestamp, priority, the crashes that stay with the shared job or
 * `''`; then for each row the row, payload, opts, `now` and in how many ms it is due, or `epoch` and
 * the instant; attempts made, crashes, how long a suspect had run (ms) or `''`, and why it failed.
 * Answers 1, or 0 when the job is not ours.
 */
export const SPLIT_ROWS = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${LAYOUT.wakeWhenDue}
${ROW_SCRIPT}
local job, metaKey, delayedKey, eventsKey, markerKey = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local base, batch, name, timestamp, priority = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local books = booksOf(base, batch)
local now = nowMs()
local steps = eventsOf(eventsKey, metaKey)
-- A cancellation of the shared job, or of its batch, is meant for its rows.
local isCancelled = call('HGET', job, DEFERRED_FAILURE) == CANCELLED
for at = 8, #ARGV, 9 do
  local row, data, opts, from, ms, made, crashes, suspect, failure = unpack(ARGV, at, at + 8)
  local dueAt = (from == 'now' and now or 0) + tonumber(ms)
  local id = 'b-' .. batch .. '-' .. row
  local isOpen = call('BITFIELD', books[2], 'GET', 'u2', '#' .. (row - 1))[1] == 0
  if isOpen and call('EXISTS', base .. id) == 0 then
    call('HSET', base .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', 0, 'priority', priority, ATTEMPTS_MADE, made, FETCHES, 1)
    if crashes ~= '0' then call('HSET', base .. id, CRASHES, crashes) end
    if suspect ~= '' then call('HSET', base .. id, SUSPECT, suspect) end
    if failure ~= '' then call('HSET', base .. id, 'failedReason', failure) end
    if isCancelled then call('HSET', base .. id, DEFERRED_FAILURE, CANCELLED) end
    call('ZADD', delayedKey, string.format('%.0f', dueAt * DELAYED_STEPS), id)
    tell(steps, 'delayed', 'jobId', id, 'delay', string.format('%.0f', dueAt))
    if hasBooks(books) then call('HINCRBY', books[1], 'split', 1) end
  end
end
if ARGV[7] ~= '' then call('HSET', job, CRASHES, ARGV[7]) end
wakeWhenDue(delayedKey, markerKey)
return 1
`;

/**
 * Answers which rows of a shared job are still to be done: those that are not settled and have no
 * job of their own.
 *
 * KEYS: fates. ARGV: base of the queue's keys, batch; then the rows.
 */
export const OPEN_ROWS = `
local open = {}
for at = 3, #ARGV do
  local row = ARGV[at]
  local isOpen = redis.call('BITFIELD_RO', KEYS[1], 'GET', 'u2', '#' .. (row - 1))[1] == 0
  if isOpen and redis.call('EXISTS', ARGV[1] .. 'b-' .. ARGV[2] .. '-' .. row) == 0 then open[#open + 1] = tonumber(row) end
end
return open
`;
