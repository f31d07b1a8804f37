/**
 * The part of {@link BOOKS_SCRIPT} that also the scripts need which are called for every row: few
 * functions, as Lua makes each of them anew in each call.
 */
export const BOOKS_BASE_SCRIPT = `
local call = redis.call

-- Books that have expired stay gone.
local function hasBooks(books) return call('EXISTS', books[1]) == 1 end

-- Turns the fate of an open row; whether it was open.
local function turnFate(books, row, fate)
  local at = '#' .. (row - 1)
  local was = call('BITFIELD', books[2], 'SET', 'u2', at, fate)[1]
  if was ~= 0 and was ~= fate then call('BITFIELD', books[2], 'SET', 'u2', at, was) end
  return was == 0
end

-- A part of the books that was just begun expires with the rest.
local function expireWithBooks(books, key)
  if call('PTTL', key) == -1 then call('PEXPIRE', key, math.max(1, call('PTTL', books[1]))) end
end

-- Books are kept for so long after they were last written; to the hundredth part, as this is asked
-- for every row. Their name stays in the index a little longer than they are there.
local function keepBooks(books, index, name)
  local keep = call('HGET', books[1], 'keepMs')
  if not keep or call('PTTL', books[1]) > 0.99 * keep then return end
  for at = 1, 5 do call('PEXPIRE', books[at], keep) end
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  call('ZREMRANGEBYSCORE', index, '-inf', now)
  call('ZADD', index, string.format('%.0f', now + keep * 1.02), name)
  local last = call('ZRANGE', index, -1, -1, 'WITHSCORES')
  call('PEXPIREAT', index, string.format('%.0f', tonumber(last[2])))
end
`;

/**
 * Lua that keeps the books of a batch; producers and workers put it at the head of their scripts.
 * `books` is the table of the batch's five keys, in the order of {@link bookKeys}.
 *
 * A row's fate is two bits, and turning it is what counts it: however often an end is said, it is
 * counted once.
 */
export const BOOKS_SCRIPT = `
${BOOKS_BASE_SCRIPT}
local FATES = { 'completed', 'failed', 'cancelled' }

-- Settles an open row; whether it was open.
local function settleRow(books, row, fate)
  local isOpen = turnFate(books, row, fate)
  if isOpen then call('HINCRBY', books[1], FATES[fate], 1) end
  return isOpen
end

-- Keeps why a row failed: its reason, for the tally, and the record, for who mends it. The tally
-- has room for so many reasons; the rest share one.
local function noteFailure(books, row, reason, record)
  if call('ZSCORE', books[4], reason) == false and call('ZCARD', books[4]) >= 1000 then reason = '(other reasons)' end
  call('ZINCRBY', books[4], 1, reason)
  call('HSET', books[3], row, reason .. '\\n' .. record)
  expireWithBooks(books, books[3])
  expireWithBooks(books, books[4])
end

local function isFailed(books, row) return call('BITFIELD', books[2], 'GET', 'u2', '#' .. (row - 1))[1] == 2 end

-- Opens a failed row again.
local function reopenRow(books, row)
  call('BITFIELD', books[2], 'SET', 'u2', '#' .. (row - 1), 0)
  call('HINCRBY', books[1], 'failed', -1)
  local failure = call('HGET', books[3], row)
  local reason = failure and string.match(failure, '^[^\\n]*')
  if reason and tonumber(call('ZINCRBY', books[4], -1, reason)) <= 0 then call('ZREM', books[4], reason) end
  call('HDEL', books[3], row)
end

-- Writes nothing new.
local function touchBooks(books)
  local ttl = call('PTTL', books[1])
  if ttl > 0 then call('PEXPIRE', books[1], ttl) end
end
`;
