import { LAYOUT } from '@bullpen/shared/internal';
import { LEAVE_SCRIPT } from './leave-script.js';
import { TAKE_OFF_SCRIPT } from './take-off-script.js';

/** How long a job that was taken off its queue is remembered, in seconds. */
const REMEMBERED_S = 24 * 60 * 60;

/**
 * Cancels a job. One that nobody attempts is taken off its queue at once: it is removed, its key is
 * free, and its rows are settled as cancelled. One that runs gets a mark, which lives as long as the
 * job, and the workers are told. The mark comes before the publication: a worker that misses the
 * publication sees the mark a moment later.
 *
 * The next run of a job scheduler gets a mark as well. BullMQ makes the run after it when a worker
 * fetches this one, so the schedule would end if it were removed.
 *
 * KEYS: active, delayed, prioritized, wait, events, meta, fates, the other four books (books,
 * failures, reasons, results), the index of batches. ARGV: base of the queue's keys, the batch of
 * the job or `''`, the job's id, the channel, its rows and the hashes of their keys as JSON, `1` to
 * cancel a job although its rows were not read. Answers `cancelled` (this call or an earlier one has
 * taken it off), `requested`, `settled` or `unknown`; or `appeared`: there was no job when its rows
 * were read, and now there is. Then nothing was done.
 */
export const CANCEL_SCRIPT = `
local base, batch, id, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local activeKey, delayedKey, prioritizedKey, waitKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local eventsKey, metaKey, fates = KEYS[5], KEYS[6], KEYS[7]
local call = redis.call
${TAKE_OFF_SCRIPT}
${LAYOUT.prioritize}
${LAYOUT.wakeWorker}
${LEAVE_SCRIPT}
local books = { KEYS[8], KEYS[7], KEYS[9], KEYS[10], KEYS[11] }
local job = base .. id
-- No id has a colon, so this is the key of no job.
local takenOff = base .. 'cancelled:' .. id

local keysOf = cjson.decode(ARGV[5])
local isKept = batch ~= '' and hasBooks(books)

-- Some keys of the queue that are no jobs look like the key of one.
if call('TYPE', job).ok ~= 'hash' or job == metaKey then
  -- The job of a row is removed when the row is settled.
  local row = isKept and #keysOf.rows == 1 and keysOf.rows[1]
  local fate = row and call('BITFIELD_RO', fates, 'GET', 'u2', '#' .. (row - 1))[1] or 0
  if fate == 1 or fate == 2 then return 'settled' end
  return (fate == 3 or call('EXISTS', takenOff) == 1) and 'cancelled' or 'unknown'
end
if not keysOf.isRead and ARGV[6] ~= '1' then return 'appeared' end
local fields = call('HMGET', job, 'finishedOn', 'parentKey', 'deid', 'rjk')
if fields[1] then return 'settled' end

local described = { id = id, rows = {}, hashes = {} }
if isKept then
  local ranges, isShared = rangesOf(id)
  if ranges then described = describeJob(id, ranges, isShared, keysOf.hashes) end
end

local function takeOut()
  local nextRun = fields[4] and call('ZSCORE', base .. 'repeat', fields[4])
  if nextRun and id == 'repeat:' .. fields[4] .. ':' .. nextRun then return nil end
  if call('LPOS', activeKey, id) then return nil end
  if call('ZREM', delayedKey, id) == 1 then return 'delayed' end
  if call('ZREM', prioritizedKey, id) == 1 then return 'prioritized' end
  if call('ZREM', base .. 'waiting-children', id) == 1 then return 'waiting-children' end
  if call('LREM', waitKey, 1, id) == 1 then return 'wait' end
end
local part = takeOut()
if part then
  leaveOthers(job, id, fields[2], fields[3])
  removeCancelled({ described }, part, books)
  if #described.rows > 0 then keepBooks(books, KEYS[12], batch) end
  -- A key may be taken for longer than the books are kept.
  for at, hash in ipairs(isKept and {} or keysOf.hashes) do
    if hash ~= '' then freeKey(base .. 'key:' .. hash, 'b-' .. batch .. '-' .. keysOf.rows[at]) end
  end
  -- So that this call finds out, when it is sent again after a lost reply, that it was carried out.
  call('SET', takenOff, '1', 'EX', ${REMEMBERED_S})
  return 'cancelled'
end
call('HSET', job, DEFERRED_FAILURE, CANCELLED)
-- Without the permission to publish the mark stays, and workers see it a moment later.
redis.pcall('PUBLISH', channel, id)
return 'requested'
`;
