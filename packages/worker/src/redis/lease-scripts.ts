import { LAYOUT, OWN_FIELDS } from '@bullpen/shared/internal';

/** The field of a job that names the fetch whose crash was taken back last. */
const TAKEN_BACK = `${OWN_FIELDS}takenBack`;

/**
 * Renews the leases of some jobs of one queue, and answers one letter for each:
 * - `h` held: the lease is ours for another full length.
 * - `r` recorded: Redis has recorded an end of this attempt; only the reply was lost.
 * - `b` back: the job is back in its queue, and nobody has fetched it since.
 * - `g` gone: there is no such job any more.
 * - `x` removed: the same, and the lock was still ours, so no end was recorded. What is left of the job
 *   is removed.
 * - `l` lost: another worker has the job by now.
 *
 * A job says which fetch was its last. As long as that is our fetch, nobody else has the job, even
 * if the lock ran out while Redis was frozen or down. Then the lease is taken up again. BullMQ also
 * counts how often a job was found without a lock. That was no crash if the worker lives and only
 * could not reach Redis, so the count is taken back, and the job is no suspect. This happens once
 * for each fetch, however often the lease is asked about, and not to a new job with the same id: its
 * crash is another's.
 *
 * A script stops in its middle when the user lacks a permission for its next command. The job may be
 * nowhere then: not active any more, and at no other place. It becomes active again, so that its end
 * can be recorded once more.
 *
 * KEYS: active, stalled. ARGV: base of the queue's keys, length of a lease in ms, `1` to take back
 * a crash; then for each job its id and token, the mark of its fetch, and attempts made, crashes,
 * how long a suspect had run (`''` for none) and when it was enqueued, as they were when it was
 * fetched. Without a job the script writes something that changes nothing: so we learn whether we
 * are allowed to.
 */
export const RENEW = `
${LAYOUT.names}
${LAYOUT.fetchMark}
${LAYOUT.isThere}
local active, stalled, base, lease, innocent = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3] == '1'
local call = redis.call
local function waits(id)
  for _, key in ipairs({ 'delayed', 'prioritized', 'waiting-children' }) do
    if call('ZSCORE', base .. key, id) then return true end
  end
  -- From the front, where a job that came back stands.
  return call('LPOS', base .. 'wait', id, 'RANK', -1)
end
local answers = {}
if #ARGV == 3 then call('SREM', stalled, '') end
for at = 4, #ARGV, 7 do
  local id, token, mark, made, crashes, suspect, enqueuedAt = unpack(ARGV, at, at + 6)
  local job = base .. id
  local lock = job .. LOCK
  local holder = call('GET', lock)
  local answer = 'l'
  if not isThere(job) then
    answer = 'g'
    if holder == token then
      call('LREM', active, 1, id)
      call('SREM', stalled, id)
      call('DEL', job, lock)
      answer = 'x'
    end
  elseif holder == token then
    call('PEXPIRE', lock, lease)
    call('SREM', stalled, id)
    answer = 'h'
  else
    local now = call('HMGET', job, FETCHES, ATTEMPTS_MADE, CRASHES, 'finishedOn', WORKER, 'processedOn', 'timestamp', '${TAKEN_BACK}')
    local stalls = tonumber(now[3]) or 0
    -- A new job with the same id that nobody has fetched yet.
    if not now[1] then answer = 'g' end
    if not holder and fetchMark(now[5], now[1], now[6]) == mark then
      local isActive = call('LPOS', active, id)
      local isSpent = (tonumber(now[2]) or 0) > tonumber(made)
      if now[4] or (isSpent and isActive) then
        answer = 'r'
      elseif not isActive and waits(id) then
        answer = isSpent and 'r' or 'b'
      else
        if not isActive then
          call('LPUSH', active, id)
          call('HSET', job, ATTEMPTS_MADE, made)
        end
        call('SREM', stalled, id)
        call('SET', lock, token, 'PX', lease)
        answer = 'h'
      end
    end
    if innocent and (answer == 'b' or answer == 'l') and now[7] == enqueuedAt and now[8] ~= mark then
      local isCharged = stalls > tonumber(crashes)
      if isCharged then call('HINCRBY', job, CRASHES, -1) end
      local wasSuspect = suspect == '' and call('HDEL', job, SUSPECT) == 1
      if isCharged or wasSuspect then call('HSET', job, '${TAKEN_BACK}', mark) end
    end
  end
  table.insert(answers, answer)
end
return table.concat(answers)
`;

/**
 * BullMQ's own updateProgress, but only while the lease holds. Nobody may see what a worker says of
 * a job that another worker has by now.
 *
 * KEYS: the job's lock, the job, events, meta. ARGV: token, id, progress as JSON. Answers 1, or 0
 * when the job is not ours.
 */
export const PROGRESS = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
call('HSET', KEYS[2], 'progress', ARGV[3])
local _, others = eventsOf(KEYS[3], KEYS[4])
tell(others, 'progress', 'jobId', ARGV[2], 'data', ARGV[3])
return 1
`;

/**
 * Changes fields of a job, if its lease still holds.
 *
 * KEYS: the job's lock, the job. ARGV: token; then name and new value of each field. An empty value
 * removes the field. Answers 1, or 0 when the job is not ours.
 */
export const REWRITE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 2, #ARGV, 2 do
  if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[at]) else redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1]) end
end
return 1
`;
