import { HASH_LENGTH, MARK_LENGTH } from '../job/job-id.js';

/**
 * Lua that knows who holds a key. A key has one record, `key:{hash}` in the queue, which contains
 * the id that took it. Single jobs and rows of batches use the same record.
 *
 * Whether a record still holds is decided when somebody asks, from the state of its job. So nothing
 * has to happen when a job fails, is removed or is trimmed, whoever does it:
 * - the record of a row (`b-…`) holds while it exists. The script that settles the row as failed or
 *   cancelled removes it; otherwise it expires;
 * - the record of a job holds while the job exists and is not in the failed set.
 */
export const KEY_SCRIPT = `
-- The record of the key from which an id was made; nil for a job without a key. Another client may
-- have made an id that only begins like ours.
local function recordOf(base, id)
  if string.sub(id, 1, 2) ~= 'k-' then return nil end
  local hash = string.match(string.sub(id, -${HASH_LENGTH + MARK_LENGTH + 2}), '^%-([%w_-]*)%-%x*$')
  if hash and #hash == ${HASH_LENGTH} then return base .. 'key:' .. hash end
end

-- Takes a key for an id, for a time if one is given (ms). Answers the id that holds it, and does
-- nothing, if there is one; it may be this very id.
local function takeKey(base, record, id, keepMs)
  local function set(...) return redis.call('SET', record, id, ...) end
  if keepMs and set('NX', 'PX', keepMs) or not keepMs and set('NX') then return nil end
  local holder = redis.call('GET', record)
  if string.sub(holder, 1, 2) == 'b-' then return holder end
  local holds = redis.call('EXISTS', base .. holder) == 1 and not redis.call('ZSCORE', base .. 'failed', holder)
  if holds then return holder end
  if keepMs then set('PX', keepMs) else set() end
  return nil
end

-- Frees a key, if this id took it.
local function freeKey(record, id)
  if redis.call('GET', record) == id then redis.call('DEL', record) end
end
`;
