import { KEY_SCRIPT, LAYOUT, obeyEvents, PRIORITIES_SCRIPT } from '@bullpen/shared/internal';
import { promote } from 'bullmq/dist/cjs/scripts/promote-9.js';
import { reprocessJob } from 'bullmq/dist/cjs/scripts/reprocessJob-9.js';

/** How many keys it takes. */
export const RETRY_KEYS = 8;

/**
 * BullMQ's reprocessJob, of the version we pin, for jobs that have failed or completed, and in the
 * same call their keys are taken again; and BullMQ's promote for jobs that are delayed. A job stays
 * where it is when another job holds its key, or when it has a priority and the jobs of the queue
 * have none, or the other way round. A cancellation that came too late for the last attempt is
 * forgotten.
 *
 * KEYS: the set of the jobs, events, wait, meta, active, marker, prioritized, pc. ARGV: base of the
 * queue's keys, `failed`, `completed` or `delayed`, then the ids. Answers for each job an empty
 * text; `mixed0` or `mixed1`, by whether it has a priority; the id that holds its key; or `gone`: it
 * is not in the set, or has no fields.
 */
export const RETRY = `
local function reprocess(KEYS, ARGV)
${obeyEvents(reprocessJob.content)}
end
local function promote(KEYS, ARGV)
${obeyEvents(promote.content)}
end
${LAYOUT.names}
${KEY_SCRIPT}
${PRIORITIES_SCRIPT}
local call = redis.call
local set, events, wait, meta, active, marker, prioritized, counter = unpack(KEYS)
local base, state = ARGV[1], ARGV[2]
local property = state == 'failed' and 'failedReason' or 'returnvalue'

local function retry(id)
  local job = base .. id
  if not call('ZSCORE', set, id) or call('EXISTS', job) == 0 then return 'gone' end
  local kind = kindOf(job)
  if state == 'delayed' then
    -- It joins the queue in any case, when it is due.
    if othersWait(base, kind) then return 'mixed' .. kind end
    promote({ set, wait, base .. 'paused', meta, prioritized, active, counter, events, marker }, { base, id })
    return ''
  end
  -- Before the key is taken: a job that stays has none.
  if mixes(base, kind) then return 'mixed' .. kind end
  local record = recordOf(base, id)
  local holder = record and takeKey(base, record, id)
  if holder and holder ~= id then return holder end
  -- A completed job that still holds its key: the key must not expire while the job waits.
  if holder then call('PERSIST', record) end
  call('HDEL', job, DEFERRED_FAILURE)
  local push = string.find(call('HGET', job, 'opts') or '', '"lifo":true', 1, true) and 'RPUSH' or 'LPUSH'
  local keys = { job, events, set, wait, meta, active, marker, prioritized, counter }
  reprocess(keys, { id, push, property, state, '0', '0' })
  return ''
end

local answers = {}
for at = 3, #ARGV do answers[#answers + 1] = retry(ARGV[at]) end
return answers
`;
