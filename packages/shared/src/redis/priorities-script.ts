import { META } from './keys.js';

/**
 * Lua that keeps jobs with and without a priority apart. BullMQ fetches jobs without a priority
 * before all jobs with one. So a queue has only one kind of them, until it is empty. Every way of
 * ours onto a queue asks here: an insert, a retry, a promotion.
 *
 * Which kind a queue has is noted in its meta, because jobs that are delayed or active come back to
 * it. What other clients add notes nothing, so the jobs that wait are looked at, too.
 */
export const PRIORITIES_SCRIPT = `
-- The kind of a job: '1' with a priority, '0' without.
local function kindOf(job)
  return (tonumber(redis.call('HGET', job, 'priority') or 0) or 0) > 0 and '1' or '0'
end

-- Whether jobs of the other kind wait on a queue now.
local function othersWait(base, kind)
  if kind == '1' then return redis.call('LLEN', base .. 'wait') > 0 end
  return redis.call('ZCARD', base .. 'prioritized') > 0
end

-- Whether jobs of this kind must not join a queue now. If they may, notes that the queue has them.
-- A script that has read the note gives what it says as 'was'.
local function mixes(base, kind, was)
  if othersWait(base, kind) then return true end
  if was == nil then was = redis.call('HGET', base .. 'meta', '${META.priorities}') end
  if was == kind then return false end
  if was and redis.call('ZCARD', base .. 'delayed') + redis.call('LLEN', base .. 'active') > 0 then return true end
  -- Jobs of another client, which we know nothing of: one of them tells the kind.
  local ids = { redis.call('LINDEX', base .. 'active', 0), redis.call('ZRANGE', base .. 'delayed', 0, 0)[1] or false }
  for _, id in ipairs(ids) do
    if id and kindOf(base .. id) ~= kind then return true end
  end
  redis.call('HSET', base .. 'meta', '${META.priorities}', kind)
  return false
end
`;
