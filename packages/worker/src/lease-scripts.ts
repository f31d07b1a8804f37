import type { Redis } from '@bullpen/shared';

/**
 * Renews the leases of some jobs of one queue, and says of each what became of it: `h` held, `r` recorded (our last word on the job was
 * carried out and only its reply was lost), `l` lost (another worker's by now).
 *
 * BullMQ's `ats` counts how often a job was fetched: as long as it stands where it stood when we fetched the job, nobody else has it, even if the lock ran out while Redis
 * was frozen or down. Such a lease is taken up again. `stc` counts the times a job was found without a lock; for a worker that only could not reach Redis that was
 * no crash, and is taken back. PEXPIRE first, not SET: a Redis that is out of memory still allows it, and then all that follows.
 *
 * KEYS: active, stalled. ARGV: base of the job keys, lease in ms, '1' to take back a crash, then id, token, ats, atm and stc for each job.
 */
const RENEW = `
local active, stalled, base, lease, innocent = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3] == '1'
local call = redis.call
local answers = {}
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
    local now = call('HMGET', job, 'ats', 'atm', 'stc')
    local stalls = tonumber(now[3]) or 0
    if not holder and now[1] == fetches then
      if (tonumber(now[2]) or 0) > tonumber(made) then
        answer = 'r'
      elseif call('LPOS', active, id) then
        call('SREM', stalled, id)
        call('SET', lock, token, 'PX', lease)
        answer = 'h'
      elseif stalls <= tonumber(crashes) then
        answer = 'r'
      end
    end
    if answer == 'l' and innocent and stalls > tonumber(crashes) then call('HINCRBY', job, 'stc', -1) end
  end
  table.insert(answers, answer)
end
return table.concat(answers)
`;

/**
 * Writes what Bullpen keeps about a job that is about to be settled, if the lease still holds.
 * KEYS: lock, job, cancelled set, books of its batch. ARGV: token, lease in ms, id, row (counted from 0) or '', its fate, how long books are kept (s),
 * attempts made or '', '1' to forget its crashes, '1' to forget its cancellation.
 */
const NOTE = `
local lock, job, cancelled, books = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local call = redis.call
if call('GET', lock) ~= ARGV[1] then return 0 end
call('PEXPIRE', lock, ARGV[2])
if ARGV[4] ~= '' then
  call('BITFIELD', books, 'SET', 'u2', '#' .. ARGV[4], ARGV[5])
  call('EXPIRE', books, ARGV[6])
end
if ARGV[7] ~= '' then call('HSET', job, 'atm', ARGV[7]) end
if ARGV[8] == '1' then call('HDEL', job, 'stc') end
if ARGV[9] == '1' then call('ZREM', cancelled, ARGV[3]) end
return 1
`;

/**
 * BullMQ's own updateProgress, but only while the lease holds: what a worker says of a job that is another's by now must not be seen.
 * KEYS: lock, job, events, meta. ARGV: token, id, progress.
 */
const PROGRESS = `
local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local most = call('HGET', KEYS[4], 'opts.maxLenEvents') or 10000
call('HSET', KEYS[2], 'progress', ARGV[3])
call('XADD', KEYS[3], 'MAXLEN', '~', most, '*', 'event', 'progress', 'jobId', ARGV[2], 'data', ARGV[3])
return 1
`;

/**
 * Lists the active jobs that were last fetched by one worker: id, lock token (empty when the lock has run out) and ats of each.
 * KEYS: active. ARGV: base of the job keys, the worker's name, which BullMQ notes at each fetch as `pb`.
 */
const FETCHED_BY = `
local fetched = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local job = redis.call('HMGET', ARGV[1] .. id, 'pb', 'ats')
  if job[1] == ARGV[2] then
    table.insert(fetched, { id, redis.call('GET', ARGV[1] .. id .. ':lock') or '', job[2] })
  end
end
return fetched
`;

type Arg = string | number;

/** A connection that knows our scripts. */
export type ScriptedRedis = Redis & {
  bullpenRenew(...args: Arg[]): Promise<string>;
  bullpenNote(...args: Arg[]): Promise<0 | 1>;
  bullpenProgress(...args: Arg[]): Promise<0 | 1>;
  bullpenFetchedBy(...args: Arg[]): Promise<[id: string, token: string, fetches: string][]>;
};

/** Teaches a connection the worker's scripts; once per connection. */
export function defineScripts(redis: Redis): ScriptedRedis {
  redis.defineCommand('bullpenRenew', { numberOfKeys: 2, lua: RENEW });
  redis.defineCommand('bullpenProgress', { numberOfKeys: 4, lua: PROGRESS });
  redis.defineCommand('bullpenFetchedBy', { numberOfKeys: 1, lua: FETCHED_BY });
  // Whole each time, not by its digest: a Redis that had forgotten the script would refuse it, carry out the record sent behind it, and the notes would come too late.
  const bullpenNote = (...args: Arg[]) => redis.eval(NOTE, 4, ...args);
  return Object.assign(redis, { bullpenNote }) as ScriptedRedis;
}
