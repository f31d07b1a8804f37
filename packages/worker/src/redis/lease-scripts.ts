/**
 * Renews the leases of some jobs of one queue, and says of each what became of it: `h` held, `r`
 * recorded (an end of this attempt was, and only the reply was lost), `b` back in its queue and not
 * fetched since, `g` gone, `l` lost (another worker's by now).
 *
 * BullMQ's `ats` counts how often a job was fetched: as long as it stands where it stood when we
 * fetched the job, nobody else has it, even if the lock ran out while Redis was frozen or down.
 * Such a lease is taken up again. `stc` counts the times a job was found without a lock; for a
 * worker that only could not reach Redis that was no crash, and is taken back. PEXPIRE first, not
 * SET: a Redis that is out of memory still allows it, and then all that follows.
 *
 * KEYS: active, stalled. ARGV: base of the job keys, lease in ms, '1' to take back a crash, then
 * id, token, ats, atm and stc for each job; for none, it writes something that changes nothing, to
 * see whether we may.
 */
export const RENEW = `
local active, stalled, base, lease, innocent = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3] == '1'
local call = redis.call
local answers = {}
if #ARGV == 3 then call('SREM', stalled, '') end
for at = 4, #ARGV, 5 do
  local id, token, fetches, made, crashes = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local job = base .. id
  local lock = job .. ':lock'
  local holder = call('GET', lock)
  local answer = 'l'
  if holder == token then
    call('PEXPIRE', lock, lease)
    call('SREM', stalled, id)
    answer = 'h'
  else
    local now = call('HMGET', job, 'ats', 'atm', 'stc', 'finishedOn')
    local stalls = tonumber(now[3]) or 0
    if not now[1] then answer = 'g' end
    if not holder and now[1] == fetches then
      if (tonumber(now[2]) or 0) > tonumber(made) then
        answer = 'r'
      elseif call('LPOS', active, id) then
        call('SREM', stalled, id)
        call('SET', lock, token, 'PX', lease)
        answer = 'h'
      elseif now[4] then
        answer = 'r'
      else
        answer = 'b'
      end
    end
    if answer ~= 'h' and answer ~= 'r' and answer ~= 'g' and innocent and stalls > tonumber(crashes) then call('HINCRBY', job, 'stc', -1) end
  end
  table.insert(answers, answer)
end
return table.concat(answers)
`;

/**
 * BullMQ's own updateProgress, but only while the lease holds: what a worker says of a job that is
 * another's by now must not be seen.
 * KEYS: lock, job, events, meta. ARGV: token, id, progress.
 */
export const PROGRESS = `
local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local most = call('HGET', KEYS[4], 'opts.maxLenEvents') or 10000
call('HSET', KEYS[2], 'progress', ARGV[3])
call('XADD', KEYS[3], 'MAXLEN', '~', most, '*', 'event', 'progress', 'jobId', ARGV[2], 'data', ARGV[3])
return 1
`;

/**
 * Changes fields of a job, if the lease still holds.
 * KEYS: lock, job. ARGV: token, then name and value of each; without a value the field goes.
 */
export const REWRITE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 2, #ARGV, 2 do
  if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[at]) else redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1]) end
end
return 1
`;
