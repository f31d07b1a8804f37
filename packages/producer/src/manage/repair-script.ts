import { BOOKS_SCRIPT, KEY_SCRIPT, META } from '@bullpen/shared/internal';
import { IS_QUEUED_SCRIPT } from './lost-jobs-script.js';

/**
 * Settles rows of a batch as failed that are open and whose jobs neither wait nor run, and frees their
 * keys. What is left of the jobs is removed. The caller has made sure that no shared job has them. A
 * row that was never added is open as well: its key was taken by another, or it is none of those
 * that the caller names.
 *
 * KEYS: the five books, the index of batches. ARGV: base of the queue's keys, the batch, `1` if rows
 * of it were duplicates, the reason; then for each row the row, the hash of its key or `''`, and the
 * record of its failure. Answers for each row `1` if this call settled it, `2` if it has failed for
 * this reason before, else `0`.
 */
export const REPAIR_SCRIPT = `
${BOOKS_SCRIPT}
${KEY_SCRIPT}
local books = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] }
local base, batch, hasDuplicates, reason = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
${IS_QUEUED_SCRIPT}
local answers = {}
-- An example stands behind the reason.
local begins = string.match(reason, '^[^\\n]*') .. '\\n'

-- A row that was added took its key. Only without duplicates is a key that expired a proof as well.
local function wasAdded(id, hash)
  if hash == '' then return true end
  local holder = call('GET', base .. 'key:' .. hash)
  return holder == id or not holder and not hasDuplicates
end

for at = 5, hasBooks(books) and #ARGV or 0, 3 do
  local row, hash = ARGV[at], ARGV[at + 1]
  local id = 'b-' .. batch .. '-' .. row
  local answer = '0'
  if isFailed(books, row) then
    local failure = call('HGET', books[3], row)
    if failure and string.sub(failure, 1, #begins) == begins then answer = '2' end
  elseif not isQueued(id) and wasAdded(id, hash) and settleRow(books, row, 2) then
    call('ZREM', base .. 'failed', id)
    call('DEL', base .. id, base .. id .. LOGS)
    noteFailure(books, row, reason, ARGV[at + 2])
    call('HINCRBY', base .. 'meta', '${META.failedRows}', 1)
    if hash ~= '' then freeKey(base .. 'key:' .. hash, id) end
    answer = '1'
  end
  answers[#answers + 1] = answer
end
if #answers > 0 then keepBooks(books, KEYS[6], batch) end
return table.concat(answers)
`;
