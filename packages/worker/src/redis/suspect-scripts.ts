import { LAYOUT } from '@bullpen/shared/internal';

/** Lua that puts a job in front of all that wait with its priority, or without any. */
export const PUT_IN_FRONT = `
local function putInFront(base, id)
  local call, first = redis.call, (tonumber(redis.call('HGET', base .. id, 'priority')) or 0) * PRIORITY_STEPS
  if first == 0 then return call('RPUSH', base .. 'wait', id) end
  -- Places below 0 are those of jobs that came back.
  local front = call('ZRANGEBYSCORE', base .. 'prioritized', first - PRIORITY_STEPS / 2, first - 1, 'WITHSCORES', 'LIMIT', 0, 1)
  call('ZADD', base .. 'prioritized', (tonumber(front[2]) or first) - 1, id)
end
`;

/**
 * Lua that brings the suspect that was put off first to the front of its queue. Its score in
 * `suspects` is the one that it got in `delayed`. If that is another one now, or none, the suspect
 * was cancelled meanwhile or has come back by itself: it is passed over. Stands behind
 * {@link PUT_IN_FRONT}.
 */
export const CALL_SUSPECT = `
local function callSuspect(base)
  local call = redis.call
  while true do
    local id, score = unpack(call('ZPOPMIN', base .. 'suspects'))
    if not id then return end
    local job = base .. id
    if call('ZSCORE', base .. 'delayed', id) == score then
      call('ZREM', base .. 'delayed', id)
      call('HSET', job, 'delay', 0)
      putInFront(base, id)
      tell(eventsOf(base .. 'events', base .. 'meta'), 'waiting', 'jobId', id, 'prev', 'delayed')
      wakeWorker(base .. 'meta', base .. 'active', base .. 'marker')
      return
    end
  end
end
`;

/** KEYS: suspects. ARGV: base of the queue's keys. */
export const NEXT_SUSPECT = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${LAYOUT.wakeWorker}
${PUT_IN_FRONT}
${CALL_SUSPECT}
callSuspect(ARGV[1])
`;

/**
 * Delays a suspect that was fetched while another one is attempted, while its lease holds. It comes
 * back when it is called (`CALL_SUSPECT`), or at the latest when the delay is over. No attempt is
 * spent.
 *
 * KEYS: the job's lock, the job, active, stalled, delayed, suspects, meta, events, marker. ARGV:
 * token, id, how long to delay it at most (ms). Answers 1, or 0 when the job is not ours.
 */
export const PUT_OFF = `
${LAYOUT.now}
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${LAYOUT.delayedScore}
${LAYOUT.wakeWhenDue}
local lock, job, active, stalled, delayed, suspects, meta, events, marker = unpack(KEYS)
local call, id = redis.call, ARGV[2]
if call('GET', lock) ~= ARGV[1] or call('LREM', active, 1, id) == 0 then return 0 end
local dueAt = nowMs() + ARGV[3]
local score = string.format('%.0f', delayedScore(delayed, dueAt))
call('DEL', lock)
call('SREM', stalled, id)
call('HSET', job, 'delay', ARGV[3])
call('ZADD', delayed, score, id)
local steps = eventsOf(events, meta)
tell(steps, 'delayed', 'jobId', id, 'delay', string.format('%.0f', dueAt))
call('ZADD', suspects, score, id)
-- What is in it now comes back by itself long before.
call('EXPIRE', suspects, 86400)
wakeWhenDue(delayed, marker)
return 1
`;

/**
 * Says which other queues workers serve together with a queue.
 *
 * KEYS: neighbours. ARGV: the base of each other queue's keys.
 */
export const NEIGHBOURS = `
redis.call('SADD', KEYS[1], unpack(ARGV))
`;
