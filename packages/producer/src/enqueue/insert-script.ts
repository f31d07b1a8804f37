import { BOOKS_SCRIPT, KEY_SCRIPT, LAYOUT, PRIORITIES_SCRIPT } from '@bullpen/shared/internal';
import { COUNT_REJECTED } from './rejections.js';

/**
 * Inserts a chunk of jobs of one definition into one queue, all or nothing, in the key layout of
 * the BullMQ version we pin. Answers for each row whether it was added (`a`) or its key is taken
 * (`d`). One call is one round trip for up to 1,000 jobs. BullMQ's own `addBulk` is one script call
 * for each job, is not atomic, and does not say which jobs were duplicates.
 *
 * KEYS: wait, meta, id, delayed, prioritized, pc, marker, events, active; then the five
 * books of the batch and the index of batches (also when the chunk belongs to no batch). ARGV: the
 * chunk as JSON (see `describeChunk` in insert.ts); the ids of its jobs, of a batch the hashes of
 * its rows' keys, each with a line break behind it; the payloads, in the same form; and a fourth
 * one if the chunk was sent before and may be in. These are few long arguments: the client takes
 * longer for thousands of short ones than Redis takes to cut the long ones.
 *
 * Redis' clock says when a job was enqueued, is due and expires. A client sends waits, and instants
 * only as its user has written them.
 *
 * Answers with a word, and what belongs to it:
 * - `ok`, the answers for the rows; the ids that hold the keys of duplicate single jobs, one a
 *   line; and of a batch its counts: read, added, duplicate, rejected.
 * - `full`, and how many jobs wait: too many. Nothing was done.
 * - `mixed`: the queue has jobs with a priority and this chunk has none, or the other way round.
 *   Nothing was done.
 * - of a batch also `gone` (its books are) and `cancelled`; `ahead` or `elsewhere`, and how far the
 *   batch was read: the chunk or a part of it is in already, or a chunk before it is not;
 *   `changed`: the rows that were read before are not those of this source.
 *
 * Each chunk of single jobs has new ids. When it is sent again after a lost reply, it recognises
 * its own jobs by their ids and reports them as added. A chunk is inserted as a whole, so one job
 * that it finds proves all those without a key. A key that stands twice in one chunk gives the same
 * id twice, which is a duplicate the second time. A chunk of a batch finds that the cursor of the
 * batch has moved.
 */
export const INSERT_SCRIPT = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.delayedScore}
${LAYOUT.wakeWorker}
${LAYOUT.wakeWhenDue}
${BOOKS_SCRIPT}
${KEY_SCRIPT}
${PRIORITIES_SCRIPT}
local waitKey, metaKey, idKey, delayedKey, prioritizedKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local priorityCounterKey, markerKey, eventsKey, activeKey = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local books = { KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14] }
local chunk = cjson.decode(ARGV[1])
local batch, base, name, priority, again = chunk.batch, chunk.base, chunk.name, chunk.priority, ARGV[4]
local now = nowMs()
-- A given instant in the past is now.
local dueAt = math.max(chunk.dueAt or now + chunk.delay, now)
local delay = dueAt - now
-- As text: Redis would write a number as a text again for each job.
local function asText(number) return string.format('%.0f', number) end
local timestamp, delayText, dueText, priorityText = asText(now), asText(delay), asText(dueAt), asText(priority)

if batch then
  local at = call('HMGET', books[1], 'read', 'checksum', 'cancelledAt')
  if not at[1] then return { 'gone' } end
  if at[3] then return { 'cancelled' } end
  if not batch.retry then
    local read = tonumber(at[1])
    if read ~= batch.from then return { read >= batch.to and 'ahead' or 'elsewhere', at[1], at[2] } end
    if at[2] ~= batch.fromChecksum then return { 'changed' } end
  end
end

-- Whether this call has added the job already, and only the reply was lost. No other call makes the
-- same id. The job may be gone by now: then it still has its key, or its cancellation is noted.
local function isOurs(id)
  local record = recordOf(base, id)
  return call('EXISTS', base .. id, base .. 'cancelled:' .. id) > 0 or record and call('GET', record) == id
end

-- Whether the chunk is in already.
local function hasOurs()
  for id in string.gmatch(ARGV[2], '[^\\n]+') do
    if isOurs(id) then return true end
  end
  return false
end
local isIn = again and not batch and hasOurs()
-- Then it has all its jobs, as it was inserted as a whole, and those without a key that are not
-- there any more have ended. With keys, some of them may have been duplicates.
local isAllIn = isIn and not chunk.keyed

if chunk.count > 0 and not isIn and mixes(base, priority > 0 and '1' or '0') then return { 'mixed' } end

if chunk.maxWaiting and chunk.count > 0 then
  local waits = call('LLEN', waitKey) + call('ZCARD', prioritizedKey)
  if delay > 0 then waits = waits + call('ZCARD', delayedKey) end
  if waits >= chunk.maxWaiting and not isIn then return { 'full', tostring(waits) } end
end

local told, maxEvents = unpack(call('HMGET', metaKey, EVENTS, MAX_EVENTS))
if not maxEvents then call('HSET', metaKey, MAX_EVENTS, DEFAULT_MAX_EVENTS) end
local steps, others = streamsOf(eventsKey, told, maxEvents)
-- The jobs of a batch are not told one by one: they would push the events of all other jobs out of
-- the stream, which keeps 10,000.
if batch then steps = false end

-- The options of the jobs. What depends on the time is null in them.
local function fill(opts, field, value)
  local at, to = string.find(opts, '"' .. field .. '":null', 1, true)
  return at and string.sub(opts, 1, to - 4) .. asText(value) .. string.sub(opts, to + 1) or opts
end
local opts = {}
for at = 1, 2 do opts[at] = fill(fill(chunk.opts[at], 'delay', delay), 'expiresAt', dueAt + (chunk.expiresIn or 0)) end

-- The numbers of the rows in the batch.
local rows = {}
for at = 1, batch and #batch.rows or 0, 2 do
  for row = batch.rows[at], batch.rows[at + 1] do rows[#rows + 1] = row end
end

-- The ids of the jobs, where each row has one of its own.
local ids = {}
if not batch then
  for id in string.gmatch(ARGV[2], '[^\\n]+') do ids[#ids + 1] = id end
elseif batch.rowsPerJob == 1 then
  for at = 1, #rows do ids[at] = 'b-' .. batch.name .. '-' .. rows[at] end
end

-- Whether any job of these rows is there already. One command asks for all of them, as hardly ever
-- one is.
local function mayExist()
  local keys = {}
  for at = 1, #ids do keys[at] = base .. ids[at] end
  return #keys == 0 or call('EXISTS', unpack(keys)) > 0
end
local anyExists = batch and mayExist()
local function exists(id) return anyExists and call('EXISTS', base .. id) == 1 end

local waiting = {}
local delayed, prioritized, jobs = false, false, 0

local function addJob(id, data, itsOpts)
  call('HSET', base .. id, 'name', name, 'data', data, 'opts', itsOpts, 'timestamp', timestamp, 'delay', delayText, 'priority', priorityText)
  jobs = jobs + 1
  tell(steps, 'added', 'jobId', id, 'name', name)
  if delay > 0 then
    call('ZADD', delayedKey, delayedScore(delayedKey, dueAt), id)
    tell(steps, 'delayed', 'jobId', id, 'delay', dueText)
    delayed = true
    return
  end
  if priority > 0 then
    local place = call('INCR', priorityCounterKey) % PRIORITY_STEPS
    call('ZADD', prioritizedKey, priority * PRIORITY_STEPS + place, id)
    prioritized = true
  else
    waiting[#waiting + 1] = id
  end
  tell(steps, 'waiting', 'jobId', id)
end

-- Adds a job of a batch. The job may be there already, from an earlier batch of this name whose
-- books have expired and whose rows still wait. Then it carries the new rows from now on.
local function putJob(id, data, itsOpts)
  if not exists(id) then
    addJob(id, data, itsOpts)
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
  local itsOpts = opts[1] .. ',"rows":[' .. table.concat(ranges, ',') .. ']' .. opts[2]
  putJob(id, '[' .. table.concat(pack.data, ',') .. ']', itsOpts)
  pack = { rows = {}, data = {} }
end

local function addRow(at, data)
  if batch.rowsPerJob > 1 then
    pack.rows[#pack.rows + 1] = rows[at]
    pack.data[#pack.data + 1] = data
    if #pack.rows >= batch.rowsPerJob then addPack() end
    return
  end
  putJob(ids[at], data, batch.opts)
end

-- Takes the key of a row, if it has one. A row that is retried may still hold its own.
local function takeRowKey(hash, row)
  if hash == '' then return true end
  local id = 'b-' .. batch.name .. '-' .. row
  local holder = takeKey(base, base .. 'key:' .. hash, id, chunk.keepKeys)
  return not holder or batch.retry and holder == id
end

if batch then batch.opts = opts[1] .. opts[2] end

-- Returns a function that cuts the next line off a text. An empty text, of a chunk without keys,
-- gives an empty line each time.
local function cutter(text)
  local from, find, sub = 1, string.find, string.sub
  return function()
    if text == '' then return '' end
    local to = find(text, '\\n', from, true)
    local line = sub(text, from, to - 1)
    from = to + 1
    return line
  end
end
local nextKey, nextData = cutter(batch and ARGV[2] or ''), cutter(ARGV[3])

local answers, holders, seen, duplicates = {}, {}, {}, 0
for at = 1, chunk.count do
  local id, hash, data = ids[at], nextKey(), nextData()
  local answer, holder = 'a', nil
  if batch then
    local row = rows[at]
    if batch.retry and not isFailed(books, row) or not takeRowKey(hash, row) then
      answer = 'd'
    else
      if batch.retry then
        reopenRow(books, row)
        -- The row gets a job of its own. A shared job that it was part of may still exist, and
        -- learns from this count that rows have left it.
        call('HINCRBY', books[1], 'split', 1)
      end
      addRow(at, data)
    end
  elseif seen[id] then
    holder = seen[id]
  elseif not isAllIn and not (isIn and isOurs(id)) then
    holder = chunk.keyed and takeKey(base, recordOf(base, id), id)
    if not holder then addJob(id, data, opts[1] .. id .. opts[2]) end
  end
  if holder then
    answer = 'd'
    holders[#holders + 1] = holder
    tell(others, 'duplicated', 'jobId', holder)
  end
  if answer == 'd' then duplicates = duplicates + 1 end
  if not batch then seen[id] = holder or id end
  answers[at] = answer
end
if batch then addPack() end

if jobs > 0 then call('INCRBY', idKey, jobs) end
if #waiting > 0 then call('LPUSH', waitKey, unpack(waiting)) end

if #waiting > 0 or prioritized then wakeWorker(metaKey, activeKey, markerKey) end
if delayed then wakeWhenDue(delayedKey, markerKey) end

if not batch then return { 'ok', table.concat(answers), table.concat(holders, '\\n') } end
if not batch.retry then
  call('HINCRBY', books[1], 'added', #answers - duplicates)
  call('HINCRBY', books[1], 'duplicate', duplicates)
  ${COUNT_REJECTED}  call('HSET', books[1], 'read', batch.to, 'checksum', batch.toChecksum, 'writtenAt', timestamp)
end
if batch.isLast then call('HSET', books[1], 'readAt', timestamp) end
keepBooks(books, KEYS[15], batch.name)
local counts = call('HMGET', books[1], 'read', 'added', 'duplicate', 'rejected')
return { 'ok', table.concat(answers), '', counts[1], counts[2], counts[3], counts[4] }
`;
