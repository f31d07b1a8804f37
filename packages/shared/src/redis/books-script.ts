import { LAYOUT } from './layout.js';

/**
 * The part of {@link BOOKS_SCRIPT} that is also in scripts which run for every row. It has few
 * functions, because Lua makes each of them anew in each call.
 */
export const BOOKS_BASE_SCRIPT = `
${LAYOUT.now}
local call = redis.call

-- Books that have expired stay gone.
local function hasBooks(books) return call('EXISTS', books[1]) == 1 end

-- A hash by reason: for each reason why rows failed, a row and its error in whole.
local function examplesOf(books) return books[1] .. ':examples' end

-- Turns the fate of a row if it is open. Answers whether it was open.
local function turnFate(books, row, fate)
  local at = '#' .. (row - 1)
  local was = call('BITFIELD', books[2], 'SET', 'u2', at, fate)[1]
  if was ~= 0 and was ~= fate then call('BITFIELD', books[2], 'SET', 'u2', at, was) end
  return was == 0
end

-- Makes a key of the books that was just made expire with the others.
local function expireWithBooks(books, key)
  if call('PTTL', key) == -1 then call('PEXPIRE', key, math.max(1, call('PTTL', books[1]))) end
end

-- Keeps the books for keepMs after they were last written. This runs for every row, so it does
-- nothing while 99 hundredths of that time are left. The batch's name stays in the index a little
-- longer than its books exist.
local function keepBooks(books, index, name)
  local keep = call('HGET', books[1], 'keepMs')
  if not keep or call('PTTL', books[1]) > 0.99 * keep then return end
  for at = 1, 5 do call('PEXPIRE', books[at], keep) end
  call('PEXPIRE', examplesOf(books), keep)
  local now = nowMs()
  call('ZREMRANGEBYSCORE', index, '-inf', now)
  call('ZADD', index, string.format('%.0f', now + keep * 1.02), name)
  local last = call('ZRANGE', index, -1, -1, 'WITHSCORES')
  local untilAt = string.format('%.0f', tonumber(last[2]))
  call('PEXPIREAT', index, untilAt)
  call('PEXPIREAT', index .. ':cancelled', untilAt)
end
`;

/**
 * Lua that keeps the books of a batch. Producers and workers put it at the head of their scripts.
 * `books` is the table of the batch's five keys: books, fates, failures, reasons, results.
 *
 * A row's fate is two bits, and a row is counted when these bits turn. However often a worker sends
 * the end of a row, it is counted once.
 */
export const BOOKS_SCRIPT = `
${BOOKS_BASE_SCRIPT}
local FATES = { 'completed', 'failed', 'cancelled' }

-- Settles a row if it is open. Answers whether it was open.
local function settleRow(books, row, fate)
  local isOpen = turnFate(books, row, fate)
  if isOpen then call('HINCRBY', books[1], FATES[fate], 1) end
  return isOpen
end

-- Keeps why a row failed: the reason for the tally, and the record for the person who mends the row.
-- The reason comes with a line break and an example behind it; the first one is kept. The tally has
-- room for 1,000 reasons; all further ones are counted as one.
local function noteFailure(books, row, said, record)
  local reason, example = string.match(said, '^([^\\n]*)\\n?(.*)$')
  if not call('ZSCORE', books[4], reason) then
    if call('ZCARD', books[4]) >= 1000 then reason = '(other reasons)' end
    local examples = examplesOf(books)
    if call('HSETNX', examples, reason, row .. '\\n' .. example) == 1 then expireWithBooks(books, examples) end
  end
  call('ZINCRBY', books[4], 1, reason)
  local failedAt = '"failedAt":' .. string.format('%.0f', nowMs())
  call('HSET', books[3], row, reason .. '\\n' .. string.gsub(record, '"failedAt":null', failedAt, 1))
  expireWithBooks(books, books[3])
  expireWithBooks(books, books[4])
end

local function isFailed(books, row) return call('BITFIELD', books[2], 'GET', 'u2', '#' .. (row - 1))[1] == 2 end

-- Opens a failed row again. The row is open last: a script that Redis ends before leaves it failed.
local function reopenRow(books, row)
  local failure = call('HGET', books[3], row)
  local reason = failure and string.match(failure, '^[^\\n]*')
  if reason and tonumber(call('ZINCRBY', books[4], -1, reason)) <= 0 then
    call('ZREM', books[4], reason)
    call('HDEL', examplesOf(books), reason)
  end
  call('HDEL', books[3], row)
  call('HINCRBY', books[1], 'failed', -1)
  call('BITFIELD', books[2], 'SET', 'u2', '#' .. (row - 1), 0)
end
`;
