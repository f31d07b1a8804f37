import { BOOKS_SCRIPT, KEY_SCRIPT } from '@bullpen/shared/internal';
import { ADD_SCRIPT } from './add-script.js';
import { COUNT_REJECTED } from './rejections.js';

/**
 * Inserts a chunk of rows of one batch into one queue, all or nothing, and moves the cursor of the
 * batch. Up to 1,000 jobs go in with one round trip.
 *
 * KEYS: wait, after which the keys of the queue are named; the five books of the batch; the index of
 * batches. ARGV: the chunk as JSON (see `describeChunk` in insert-rows.ts); the hashes of the rows'
 * keys and the payloads, each with a line break behind it. These are few long arguments: the client
 * takes longer for thousands of short ones than Redis takes to cut the long ones.
 *
 * Answers with a word, and what belongs to it:
 * - `ok`, a letter for each row, `a` for one that was added and `d` for one whose key is taken; and
 *   the counts of the batch: read, added, duplicate, rejected.
 * - `full`, and how many jobs wait: too many. Nothing was done, as with all words that follow.
 * - `mixed`: the queue has jobs with a priority and this chunk has none, or the other way round.
 * - `gone`: the books of the batch are. `cancelled`: the batch was.
 * - `ahead` or `elsewhere`, and how far the batch was read: the chunk or a part of it is in already,
 *   or a chunk before it is not. So a chunk that is sent again after a lost reply finds that the
 *   cursor has moved.
 * - `changed`: the rows that were read before are not those of this source.
 */
export const INSERT_ROWS_SCRIPT = `
${BOOKS_SCRIPT}
local base = string.sub(KEYS[1], 1, -5)
${ADD_SCRIPT}
${KEY_SCRIPT}
local books = { KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6] }
local chunk = cjson.decode(ARGV[1])
local batch, settings = chunk.batch, chunk.settings

local at = call('HMGET', books[1], 'read', 'checksum', 'cancelledAt')
if not at[1] then return { 'gone' } end
if at[3] then return { 'cancelled' } end
if not batch.retry then
  local read = tonumber(at[1])
  if read ~= batch.from then return { read >= batch.to and 'ahead' or 'elsewhere', at[1], at[2] } end
  if at[2] ~= batch.fromChecksum then return { 'changed' } end
end

prepare(settings)
if chunk.count > 0 then
  if isMixed(settings) then return { 'mixed' } end
  local waits = tooMany(settings)
  if waits then return { 'full', tostring(waits) } end
end

-- The numbers of the rows in the batch.
local rows = {}
for at = 1, #batch.rows, 2 do
  for row = batch.rows[at], batch.rows[at + 1] do rows[#rows + 1] = row end
end

-- The ids of the jobs, where each row has one of its own.
local ids = {}
if batch.rowsPerJob == 1 then
  for at = 1, #rows do ids[at] = 'b-' .. batch.name .. '-' .. rows[at] end
end

-- Whether any job of these rows is there already. One command asks for all of them, as hardly ever
-- one is.
local function mayExist()
  local keys = {}
  for at = 1, #ids do keys[at] = base .. ids[at] end
  return #keys == 0 or call('EXISTS', unpack(keys)) > 0
end
local anyExists = mayExist()
local function exists(id) return anyExists and call('EXISTS', base .. id) == 1 end

-- Adds a job of a batch. The job may be there already, from an earlier batch of this name whose
-- books have expired and whose rows still wait. Then it carries the new rows from now on.
local function putJob(id, data, itsOpts)
  if not exists(id) then
    addJob(settings, id, data, itsOpts, true)
  elseif call('EXISTS', base .. id .. LOCK) == 0 then
    call('HSET', base .. id, 'data', data, 'opts', itsOpts)
    -- A cancellation of the earlier batch is not meant for these rows.
    call('HDEL', base .. id, DEFERRED_FAILURE)
  end
end

-- Collects rows that share one job, until they are enough.
local pack = { rows = {}, data = {} }
local function addPack()
  local count = #pack.rows
  if count == 0 then return end
  local first, last, ranges = pack.rows[1], pack.rows[count], {}
  for at = 1, count do
    local row = pack.rows[at]
    if at == 1 or row ~= pack.rows[at - 1] + 1 then ranges[#ranges + 1] = row; ranges[#ranges + 1] = row else ranges[#ranges] = row end
  end
  local id = string.format('b-%s-%d_%d', batch.name, first, last)
  local itsOpts = settings.opts[1] .. ',"rows":[' .. table.concat(ranges, ',') .. ']' .. settings.opts[2]
  putJob(id, '[' .. table.concat(pack.data, ',') .. ']', itsOpts)
  pack = { rows = {}, data = {} }
end

local sameOpts = settings.opts[1] .. settings.opts[2]
local function addRow(at, data)
  if batch.rowsPerJob > 1 then
    pack.rows[#pack.rows + 1] = rows[at]
    pack.data[#pack.data + 1] = data
    if #pack.rows >= batch.rowsPerJob then addPack() end
    return
  end
  putJob(ids[at], data, sameOpts)
end

-- Takes the key of a row, if it has one. A row that is retried may still hold its own.
local function takeRowKey(hash, row)
  if hash == '' then return true end
  local id = 'b-' .. batch.name .. '-' .. row
  local record = base .. 'key:' .. hash
  local holder = takeKey(base, record, id, batch.keepKeys)
  if not holder then taken[#taken + 1] = record end
  return not holder or batch.retry and holder == id
end

local nextKey, nextData = cutter(ARGV[2]), cutter(ARGV[3])
local answers, duplicates = {}, 0
-- The failed rows that are retried. One may come twice, and is added once.
local reopened = {}
local function mayAdd(row) return not batch.retry or isFailed(books, row) and not reopened[row] end
asWhole(function()
  for at = 1, chunk.count do
    local row, hash, data = rows[at], nextKey(), nextData()
    if not mayAdd(row) or not takeRowKey(hash, row) then
      answers[at] = 'd'
      duplicates = duplicates + 1
    else
      answers[at] = 'a'
      if batch.retry then reopened[row] = true end
      addRow(at, data)
    end
  end
  addPack()
  announce()
  local added = #answers - duplicates
  if not batch.retry then
    call('HINCRBY', books[1], 'added', added)
    call('HINCRBY', books[1], 'duplicate', duplicates)
  elseif added > 0 then
    -- Each row has a job of its own now. A shared job that it was part of may still exist, and learns
    -- from this count that rows have left it.
    call('HINCRBY', books[1], 'split', added)
    for row in pairs(reopened) do reopenRow(books, row) end
  end
end)

if not batch.retry then
  ${COUNT_REJECTED}  call('HSET', books[1], 'read', batch.to, 'checksum', batch.toChecksum, 'writtenAt', timestamp)
end
if batch.isLast then call('HSET', books[1], 'readAt', timestamp) end
keepBooks(books, KEYS[7], batch.name)
local counts = call('HMGET', books[1], 'read', 'added', 'duplicate', 'rejected')
return { 'ok', table.concat(answers), counts[1], counts[2], counts[3], counts[4] }
`;
