import { BOOKS_SCRIPT } from '@bullpen/shared/internal';

/**
 * Inserts a chunk of jobs of one definition into one queue, all or nothing, in the key layout of
 * the BullMQ version we pin, and answers for each row whether it was added (`a`) or was there
 * already (`d`). One call is one round trip for up to 1,000 jobs; BullMQ's own `addBulk` is one
 * script call per job, is not atomic, and does not say which jobs were duplicates.
 *
 * KEYS: wait, meta, id, delayed, prioritized, pc, marker, events, active, cancelled, and of a batch
 * its five books and the index of batches.
 * ARGV: the chunk as JSON (`Chunk` in insert.ts, numbers that are written to Redis as text), the
 * ids and the payloads of its rows, each with a line break behind it, and of a batch the rows, as
 * ranges; one more when the chunk was sent before, and may be in. Few long arguments: the client
 * takes longer for thousands of short ones than Redis for cutting these. Answers a word, and what
 * belongs to it:
 * - `ok`, the answers, and of a batch its counts: read, added, duplicate, rejected.
 * - `full`, and how many jobs wait: too many. Nothing was done.
 * - `mixed`: the queue has jobs with priorities and this chunk has none, or the other way round.
 *   Nothing was done.
 * - of a batch also `gone`, `cancelled`; `ahead` or `elsewhere`, and how far it was read: the
 *   chunk, or a part of it, is in already, or one before it is not; `changed`: what was read
 *   before is not what this source has.
 *
 * A chunk of single jobs sent again after a lost reply finds its own: each carries the mark of the
 * call that stored it, and is reported as added. An id that stands twice in one chunk is a
 * duplicate the second time, whichever call stored it. A chunk of a batch finds the batch's cursor
 * moved.
 */
export const INSERT_SCRIPT = `
${BOOKS_SCRIPT}
local waitKey, metaKey, idKey, delayedKey, prioritizedKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local priorityCounterKey, markerKey, eventsKey, activeKey, cancelledKey = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local books = { KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15] }
local chunk = cjson.decode(ARGV[1])
local batch, base, name, timestamp = chunk.batch, chunk.base, chunk.name, chunk.now
local delay, priority = tonumber(chunk.delay), tonumber(chunk.priority)
-- As text: a number is written anew by Redis for each job.
local delayText, priorityText = tostring(chunk.delay), tostring(chunk.priority)

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

-- Jobs without a priority go before all that have one: a queue has the one kind or the other, until
-- it is empty.
local kind = priority > 0 and '1' or '0'
local was = call('HGET', metaKey, 'bullpen.priorities')
if chunk.count > 0 and was ~= kind then
  local waits, orders = call('LLEN', waitKey), call('ZCARD', prioritizedKey)
  local clash = kind == '1' and waits > 0 or kind == '0' and orders > 0
  if was then clash = waits + orders + call('ZCARD', delayedKey) + call('LLEN', activeKey) > 0 end
  if clash then return { 'mixed' } end
  call('HSET', metaKey, 'bullpen.priorities', kind)
end

-- Whether a job carries the mark of this call: it was stored by it, and only the reply was lost.
local function isOurs(id) return string.find(call('HGET', base .. id, 'opts') or '', chunk.mark, 1, true) ~= nil end

-- A chunk that is in already asks for no room. Asked only of one that was sent before: a producer
-- that waits for room comes by many times a second, and this looks at up to 1,000 jobs.
local function isIn()
  for id in string.gmatch(batch and '' or ARGV[2], '[^\\n]+') do
    if isOurs(id) then return true end
  end
  return false
end

if chunk.maxWaiting and chunk.count > 0 then
  local waits = call('LLEN', waitKey) + call('ZCARD', prioritizedKey)
  if delay > 0 then waits = waits + call('ZCARD', delayedKey) end
  if waits >= chunk.maxWaiting and not (ARGV[4] and isIn()) then return { 'full', tostring(waits) } end
end

local maxEvents = call('HGET', metaKey, 'opts.maxLenEvents')
if not maxEvents then
  maxEvents = 10000
  call('HSET', metaKey, 'opts.maxLenEvents', maxEvents)
end

local function delayedScore(dueAt)
  -- BullMQ keeps jobs due in the same millisecond in order by counting them in the lowest 12 bits.
  local least, most = dueAt * 0x1000, (dueAt + 1) * 0x1000 - 1
  local last = call('ZREVRANGEBYSCORE', delayedKey, most, least, 'WITHSCORES', 'LIMIT', 0, 1)
  return last[2] and math.min(tonumber(last[2]) + 1, most) or least
end

-- Which rows of the batch these are.
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

-- Whether any of them may be there already. Asked of all at once: hardly ever one is.
local function mayExist()
  local keys = {}
  for at = 1, #ids do keys[at] = base .. ids[at] end
  return #keys == 0 or call('EXISTS', unpack(keys)) > 0
end
local anyExists = mayExist()
local function exists(id) return anyExists and call('EXISTS', base .. id) == 1 end

-- A cancellation that came too late for an earlier job of this id is not meant for the new one.
local anyCancelled = call('EXISTS', cancelledKey) == 1
local waiting = {}
local delayed, prioritized, jobs = false, false, 0

local function addJob(id, data, opts)
  if anyCancelled then call('ZREM', cancelledKey, id) end
  call('HSET', base .. id, 'name', name, 'data', data, 'opts', opts, 'timestamp', timestamp, 'delay', delayText, 'priority', priorityText)
  jobs = jobs + 1
  -- Of a batch nobody is told job by job: it would push all that is told of other jobs out of the
  -- stream, which keeps 10,000 events.
  if not batch then call('XADD', eventsKey, '*', 'event', 'added', 'jobId', id, 'name', name) end
  if delay > 0 then
    local dueAt = tonumber(timestamp) + delay
    call('ZADD', delayedKey, delayedScore(dueAt), id)
    if not batch then call('XADD', eventsKey, '*', 'event', 'delayed', 'jobId', id, 'delay', dueAt) end
    delayed = true
    return
  end
  if priority > 0 then
    local order = call('INCR', priorityCounterKey) % 0x100000000
    call('ZADD', prioritizedKey, priority * 0x100000000 + order, id)
    prioritized = true
  else
    waiting[#waiting + 1] = id
  end
  if not batch then call('XADD', eventsKey, '*', 'event', 'waiting', 'jobId', id) end
end

-- Adds a job of a batch. It may be there already, from a batch of this name whose books have
-- expired since and whose rows, perhaps others, still wait: then it carries the new ones.
local function putJob(id, data, opts)
  if not exists(id) then
    addJob(id, data, opts)
  elseif call('EXISTS', base .. id .. ':lock') == 0 then
    call('HSET', base .. id, 'data', data, 'opts', opts)
  end
end

-- Rows that go into one job, until they are enough.
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
  local opts = chunk.opts[1] .. ',"rows":[' .. table.concat(ranges, ',') .. ']' .. chunk.opts[2]
  putJob(id, '[' .. table.concat(pack.data, ',') .. ']', opts)
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

-- Whether a key's last word is spoken: the key is taken by a job, or by a row of a batch.
local function isKept(id) return call('EXISTS', base .. 'key:' .. string.sub(id, -22)) == 1 end
local function takeKey(id)
  return call('EXISTS', base .. id) == 0 and call('SET', base .. 'key:' .. string.sub(id, -22), '1', 'NX', 'PX', chunk.keepKeys)
end

if batch then batch.opts = chunk.opts[1] .. chunk.opts[2] end

-- The next line of a text. What has no keys has none for all of its rows.
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

local answers, seen, duplicates = {}, {}, 0
for at = 1, chunk.count do
  local id, key, data = ids[at], nextKey(), nextData()
  local answer = 'a'
  if batch then
    local row = rows[at]
    if batch.retry and not isFailed(books, row) or key ~= '' and not takeKey(key) then
      answer = 'd'
    else
      if batch.retry then
        reopenRow(books, row)
        -- It gets a job of its own: a shared job that it was part of may still be about, and is to
        -- know.
        call('HINCRBY', books[1], 'split', 1)
      end
      addRow(at, data)
    end
  elseif seen[id] or exists(id) then
    if seen[id] or not isOurs(id) then answer = 'd' end
  elseif chunk.keyed and isKept(id) then
    answer = 'd'
  else
    addJob(id, data, chunk.opts[1] .. id .. chunk.opts[2])
  end
  if answer == 'd' then
    duplicates = duplicates + 1
    if not batch then call('XADD', eventsKey, '*', 'event', 'duplicated', 'jobId', id) end
  end
  if not batch then seen[id] = true end
  answers[at] = answer
end
if batch then addPack() end

if jobs > 0 then
  call('INCRBY', idKey, jobs)
  call('XTRIM', eventsKey, 'MAXLEN', '~', maxEvents)
end
if #waiting > 0 then call('LPUSH', waitKey, unpack(waiting)) end

-- Markers wake workers that block on an empty queue; a paused or full queue gets none.
if #waiting > 0 or prioritized then
  local state = call('HMGET', metaKey, 'paused', 'concurrency')
  local full = state[2] and call('LLEN', activeKey) >= tonumber(state[2])
  if not state[1] and not full then call('ZADD', markerKey, 0, '0') end
end
if delayed then
  local first = call('ZRANGE', delayedKey, 0, 0, 'WITHSCORES')
  call('ZADD', markerKey, tonumber(first[2]) / 0x1000, '1')
end

if not batch then return { 'ok', table.concat(answers) } end
if not batch.retry then
  call('HINCRBY', books[1], 'added', #answers - duplicates)
  call('HINCRBY', books[1], 'duplicate', duplicates)
  call('HINCRBY', books[1], 'rejected', batch.rejected)
  call('HSET', books[1], 'read', batch.to, 'checksum', batch.toChecksum, 'writtenAt', timestamp)
end
if batch.isLast then call('HSET', books[1], 'readAt', timestamp) end
keepBooks(books, KEYS[16], batch.name)
local counts = call('HMGET', books[1], 'read', 'added', 'duplicate', 'rejected')
return { 'ok', table.concat(answers), counts[1], counts[2], counts[3], counts[4] }
`;
