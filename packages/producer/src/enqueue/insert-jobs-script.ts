import { KEY_SCRIPT, LAYOUT } from '@bullpen/shared/internal';
import { ADD_SCRIPT } from './add-script.js';

/**
 * Inserts single jobs into one queue, in the key layout of the BullMQ version we pin: those of many
 * calls of `enqueue`, which Redis judges one by one and in order; or a chunk of `enqueueMany`, which
 * goes in as a whole or not at all. One call is one round trip. BullMQ's own `add` and `addBulk` are
 * one script call for each job, and do not say which jobs were duplicates.
 *
 * KEYS: wait; the keys of the queue are named after it. ARGV: as JSON what jobs have in common (see
 * `prepareJobs`); the ids of the jobs and their payloads, each with a line break behind it; and
 * `again` if the call was sent before and may have been carried out. These are few long arguments:
 * the client takes longer for thousands of short ones than Redis takes to cut the long ones. A
 * single plain job (see `isPlain`) has its name and its opts as two more in its first call.
 *
 * Answers with lines: a letter for each job, or one letter if a whole chunk was refused; how many
 * jobs waited when the last one was refused; the time; and the ids that hold the keys of duplicates.
 * - `a`: it was added.
 * - `d`: its key is taken.
 * - `f`: too many jobs wait. Nothing was done for it, as for the next two.
 * - `m`: the queue has jobs with a priority and it has none, or the other way round.
 * - `x`: its expiry has passed, or comes before it is due.
 *
 * Each job has a new id. When a call is sent again after a lost reply, a job recognises itself by
 * its id and is reported as added. The call is carried out as a whole. So one job that it finds
 * proves those that it could not have refused, also when they have ended and are gone.
 */
export const INSERT_JOBS_SCRIPT = `
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
${LAYOUT.now}
${ADD_SCRIPT}
-- The job that is enqueued most often: nothing of its settings has to be read or judged.
local function insertPlain()
  local settings = { name = ARGV[5], priority = 0, priorityText = '0', delayText = '0', kind = '0' }
  if isMixed(settings) then return 'm' end
  addJob(settings, string.sub(ARGV[2], 1, -2), string.sub(ARGV[3], 1, -2), ARGV[6])
  announce()
  return 'a'
end
if ARGV[5] then return asWhole(insertPlain) end

${KEY_SCRIPT}
local told, again = cjson.decode(ARGV[1]), ARGV[4] == 'again'
local areMixed = false
for _, settings in ipairs(told.settings) do
  prepare(settings)
  areMixed = areMixed or settings.kind ~= told.settings[1].kind
end

-- Whether this call has added the job already, and only the reply was lost. No other call makes the
-- same id. The job may be gone by now: then it still has its key, or its cancellation is noted.
local function isOurs(id)
  local record = recordOf(base, id)
  return call('EXISTS', base .. id, base .. 'cancelled:' .. id) > 0 or record and call('GET', record) == id
end

-- Whether the call was carried out before.
local function wasDone()
  for id in string.gmatch(ARGV[2], '[^\\n]+') do
    if isOurs(id) then return true end
  end
  return false
end
local isDone = again and wasDone()

-- Whether the first run may have refused a job with these settings, while it added others.
local function maybeRefused(settings)
  return not told.whole and (areMixed or settings.maxWaiting or settings.expiresAt)
end

local waits = 0
local function refusal(settings)
  if settings.expiresAt and settings.expiresAt <= settings.dueAt and not told.whole then return 'x' end
  if isMixed(settings) then return 'm' end
  local many = tooMany(settings)
  if not many then return nil end
  waits = many
  return 'f'
end

local holders = {}
local function insert(settings, id, data)
  if isDone and isOurs(id) then return 'a' end
  local record = recordOf(base, id)
  if isDone and not maybeRefused(settings) then
    if not record then return 'a' end
  elseif not told.whole then
    local refused = refusal(settings)
    if refused then return refused end
  end
  local holder = record and takeKey(base, record, id)
  if holder then
    holders[#holders + 1] = holder
    tell(others, 'duplicated', 'jobId', holder)
    return 'd'
  end
  if record then taken[#taken + 1] = record end
  addJob(settings, id, data, settings.opts[1])
  return 'a'
end

local function insertAll()
  if told.whole and not isDone then
    local refused = refusal(told.settings[1])
    if refused then return refused end
  end
  local nextId, nextData, answers = cutter(ARGV[2]), cutter(ARGV[3]), {}
  for at = 1, #told.runs, 2 do
    local settings = told.settings[told.runs[at]]
    for _ = 1, told.runs[at + 1] do answers[#answers + 1] = insert(settings, nextId(), nextData()) end
  end
  announce()
  return table.concat(answers)
end
local answers = asWhole(insertAll)
-- As one text: Redis needs two buffers, and a costlier system call, to send a list.
return table.concat({ answers, tostring(waits), timestamp, unpack(holders) }, '\\n')
`;
