import { LAYOUT } from '@bullpen/shared/internal';
import { TAKE_OUT_SCRIPT, WINDOW_ARGS, WINDOW_SCRIPT } from './window-script.js';

/** Up to how many jobs wait and run while a script may look for one among them. */
const MAX_SEARCHED = 1_000;

/**
 * Lua that knows whether the job of rows waits or runs, so that the rows will be settled. It does not
 * when it failed as the job of another client would (its options were unreadable, or a stock worker
 * took it), or when somebody deleted the list in which it stood. A long list is not searched. The
 * script around it defines `base`.
 */
export const IS_QUEUED_SCRIPT = `
${LAYOUT.names}
${LAYOUT.isThere}
local function isQueued(id)
  local call, job = redis.call, base .. id
  if call('EXISTS', job .. LOCK) == 1 then return true end
  if not isThere(job) or call('ZSCORE', base .. 'failed', id) then return false end
  if call('LLEN', base .. 'wait') + call('LLEN', base .. 'active') > ${MAX_SEARCHED} then return true end
  for _, list in ipairs({ 'wait', 'active' }) do
    if call('LPOS', base .. list, id) then return true end
  end
  for _, set in ipairs({ 'delayed', 'prioritized', 'waiting-children', 'completed' }) do
    if call('ZSCORE', base .. set, id) then return true end
  end
  return false
end
`;

/**
 * Answers the options of a shared job if it waits or runs.
 *
 * KEYS: the job. ARGV: base of the queue's keys, the job's id.
 */
export const QUEUED_OPTS_SCRIPT = `
local base = ARGV[1]
${IS_QUEUED_SCRIPT}
return isQueued(ARGV[2]) and redis.call('HGET', KEYS[1], 'opts')
`;

/**
 * Takes ids of a batch's jobs out of a window behind which there is no job any more. When a row gets
 * a job again, its id would stand there twice, and two workers would fetch it.
 *
 * KEYS: the list or set. ARGV: {@link WINDOW_ARGS}. Answers where the next window begins, or -1 at the
 * end.
 */
export const DROP_LOST_SCRIPT = `
local call = redis.call
${WINDOW_ARGS}
${LAYOUT.isThere}
${WINDOW_SCRIPT}
${TAKE_OUT_SCRIPT}
local start, taken = 'b-' .. batch .. '-', {}
for at, id in ipairs(ids) do
  local isOfBatch = string.sub(id, 1, #start) == start and string.match(string.sub(id, #start + 1), '^[%d_]+$')
  if isOfBatch and not isThere(base .. id) then taken[#taken + 1] = { id = id, at = at } end
end
if #taken > 0 then takeOut(taken, #ids) end
return #ids < most and -1 or from + #ids - #taken
`;
