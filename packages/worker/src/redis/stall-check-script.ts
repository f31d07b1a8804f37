import { LAYOUT } from '@bullpen/shared/internal';
import { CALL_SUSPECT, PUT_IN_FRONT } from './suspect-scripts.js';

/** How old a check may be that Redis carries out: older than any trip, younger than any outage. */
const MAX_AGE_MS = 1_000;

/**
 * Finds the active jobs without a lock and puts them back into their queue, the oldest in front. In
 * place of BullMQ's moveStalledJobsToWait, of the version we pin. It leaves what BullMQ's script
 * leaves, except for what it charges: BullMQ counts a crash for every job of a process that died, so
 * a job that kills its process fails the others that were in hand. This script looks at what the
 * process had (`pb`, the worker's name), also in the other queues that workers serve with this one,
 * and finds for each job:
 * - `charged`: one more process died under it. It was on trial, or it was all that the process had,
 *   or nobody knows who had it (a stock worker without a name).
 * - `repeated`: another job was on trial in that process. This one was only there. Or no fetch of it
 *   ever came to its end, because Redis denied a command of it: nobody has begun the job.
 * - `suspected`: none was on trial, so it may have been any of them. Or the one on trial had been
 *   charged twice: it may take the blame for one that nobody suspects, again and again.
 *
 * A job with a priority goes back to those with its priority. BullMQ puts it before all of them, into
 * the list of jobs without one, where no insert may find it.
 *
 * The jobs of one dead process may be found by different checks, because their locks run out one
 * after the other. So a death is remembered for some leases. It concerns the jobs that were fetched
 * before: a process that only stood still goes on, and may stand still again.
 *
 * A queue *rests* when it has no active job and no suspect that was put off. Then there is nothing
 * to find, and nothing is written.
 *
 * KEYS: stalled, active, stalled-check, meta, marker, events. ARGV: base of the queue's keys,
 * how long no other check is made (ms), how long a death is remembered (ms), when the check was
 * sent. Answers for each job its id, what was found, and the name of its worker; 0 when the queue
 * rests.
 */
export const STALL_CHECK = `
${LAYOUT.now}
${LAYOUT.names}
${LAYOUT.fetchMark}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${LAYOUT.wakeWorker}
${PUT_IN_FRONT}
${CALL_SUSPECT}
local stalledKey, activeKey, checkKey, metaKey, markerKey, eventsKey = unpack(KEYS)
local base, intervalMs, memoryMs, sentAt = unpack(ARGV)
local call = redis.call
if call('EXISTS', activeKey, stalledKey, base .. 'suspects') == 0 then return 0 end
local now = nowMs()
-- After Redis' clock was set back, keys live on by as much: the instant of the last check is in the
-- future. No check would be made until then, and the locks of dead workers would hold.
local last = call('GET', checkKey)
local backMs = (tonumber(last) or 0) - now
local isSetBack = backMs > tonumber(memoryMs)
if last and not isSetBack then return {} end
-- The client sends it again after an outage. Living workers take up their leases first.
if now - sentAt > ${MAX_AGE_MS} then return {} end
call('SET', checkKey, string.format('%.0f', now), 'PX', intervalMs)

-- Takes from the life of a lock what a clock that was set back has added to it.
local function shorten(lock, byMs)
  local leftMs = call('PTTL', lock)
  if leftMs > byMs then call('PEXPIRE', lock, leftMs - byMs) end
end

local isStalling, left, lost = {}, {}, {}
for _, id in ipairs(call('SMEMBERS', stalledKey)) do isStalling[id] = true end
call('DEL', stalledKey)
for _, id in ipairs(call('LRANGE', activeKey, 0, -1)) do
  if isSetBack then shorten(base .. id .. LOCK, backMs) end
  local found = isStalling[id] and call('EXISTS', base .. id .. LOCK) == 0 and lost or left
  found[#found + 1] = id
end

-- For each worker: how many jobs it has, and whether one is on trial.
local held, hasTrial, isDoubtful, queues = {}, {}, {}, { base }
if #lost > 0 then
  for _, queue in ipairs(call('SMEMBERS', base .. 'neighbours')) do queues[#queues + 1] = queue end
  for _, queue in ipairs(queues) do
    for _, id in ipairs(call('LRANGE', queue .. 'active', 0, -1)) do
      local job = call('HMGET', queue .. id, WORKER, FETCHES, 'processedOn', TRIAL, CRASHES)
      local worker = job[1]
      if worker then
        local isOnTrial = job[4] == fetchMark(unpack(job, 1, 3))
        held[worker] = (held[worker] or 0) + 1
        hasTrial[worker] = hasTrial[worker] or isOnTrial
        isDoubtful[worker] = isDoubtful[worker] or isOnTrial and (tonumber(job[5]) or 0) > 1
      end
    end
  end
end
-- When a death of a worker was last found, and when one that charged a job.
local deaths = {}
local function deathOf(worker)
  local death = deaths[worker] or { found = 0, charged = 0, doubtful = 0 }
  if not deaths[worker] then
    for _, queue in ipairs(queues) do
      local known = call('HMGET', queue .. 'died:' .. worker, 'found', 'charged', 'doubtful')
      death.found = math.max(death.found, tonumber(known[1]) or 0)
      death.charged = math.max(death.charged, tonumber(known[2]) or 0)
      death.doubtful = math.max(death.doubtful, tonumber(known[3]) or 0)
    end
    deaths[worker] = death
  end
  return death
end

local steps, others = eventsOf(eventsKey, metaKey)
local answers, charged = {}, {}
for _, id in ipairs(lost) do
  local job = base .. id
  call('LREM', activeKey, 1, id)
  -- Not a marker that old versions of BullMQ put into the list, and not a job that somebody removed.
  if string.sub(id, 1, 2) ~= '0:' and call('EXISTS', job) == 1 then
    local fields = call('HMGET', job, WORKER, FETCHES, 'processedOn', TRIAL, SUSPECT)
    local worker, since, suspect = fields[1], tonumber(fields[3]) or now, tonumber(fields[5]) or 0
    local finding = 'charged'
    if not fields[2] then finding = 'repeated'
    elseif worker then
      local death = deathOf(worker)
      if fields[4] == fetchMark(unpack(fields, 1, 3)) then finding = 'charged'
      elseif isDoubtful[worker] or since <= death.doubtful then finding = 'suspected'
      elseif hasTrial[worker] or since <= death.charged then finding = 'repeated'
      elseif held[worker] > 1 or since <= death.found then finding = 'suspected' end
      charged[worker] = charged[worker] or finding == 'charged' or hasTrial[worker] or false
    end
    if finding == 'charged' then call('HINCRBY', job, CRASHES, 1) end
    if worker and finding ~= 'repeated' then
      call('HSET', job, SUSPECT, string.format('%.0f', math.max(suspect, now - since, 1)))
    end
    putInFront(base, id)
    tell(steps, 'waiting', 'jobId', id, 'prev', 'active')
    tell(others, 'stalled', 'jobId', id)
    answers[#answers + 1] = id
    answers[#answers + 1] = finding
    answers[#answers + 1] = worker or ''
  end
end
if #answers > 0 then wakeWorker(metaKey, activeKey, markerKey) end
for worker, isCharged in pairs(charged) do
  local key = base .. 'died:' .. worker
  call('HSET', key, 'found', string.format('%.0f', now))
  if isCharged then call('HSET', key, 'charged', string.format('%.0f', now)) end
  if isDoubtful[worker] then call('HSET', key, 'doubtful', string.format('%.0f', now)) end
  call('PEXPIRE', key, memoryMs)
end

-- Who has not renewed their locks until the next check may be dead.
for at = 1, #left, 7000 do
  call('SADD', stalledKey, unpack(left, at, math.min(at + 6999, #left)))
end
callSuspect(base)
return answers
`;
