/**
 * Lua that takes a job out of what BullMQ binds jobs together with: a flow, a deduplication. It does
 * what BullMQ's own removal of a job does that leaves the children alone, as a contract test checks.
 * A parent whose last child this was gets its turn. BullMQ puts also a parent with a priority among
 * the jobs without one, which go first; here it keeps its priority. The script around it has the
 * pieces `names`, `tell`, `eventsOf`, `prioritize` and `wakeWorker` of the layout.
 */
export const LEAVE_SCRIPT = `
local function wakeParent(parent)
  local id = string.match(parent, '[^:]*$')
  local base = string.sub(parent, 1, #parent - #id)
  if redis.call('ZREM', base .. 'waiting-children', id) == 0 then return end
  local priority = tonumber(redis.call('HGET', parent, 'priority') or 0)
  if priority > 0 then
    prioritize(base, id, priority)
  else
    redis.call('RPUSH', base .. 'wait', id)
  end
  local steps = eventsOf(base .. 'events', base .. 'meta')
  tell(steps, 'waiting', 'jobId', id, 'prev', 'waiting-children')
  wakeWorker(base .. 'meta', base .. 'active', base .. 'marker')
end

local function leaveOthers(job, id, parent, deduplication)
  redis.call('DEL', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
  if deduplication and redis.call('GET', base .. 'de:' .. deduplication) == id then
    redis.call('DEL', base .. 'de:' .. deduplication, base .. 'dn:' .. deduplication)
  end
  if not parent or redis.call('SREM', parent .. ':dependencies', job) == 0 then return end
  if redis.call('SCARD', parent .. ':dependencies') == 0 then wakeParent(parent) end
end
`;
