import { META } from './keys.js';

/**
 * What our scripts know of the keys in which BullMQ keeps a queue. It stands here once, as small
 * pieces of Lua, and every script is put together from the pieces that it needs. They are pieces
 * and not one prelude because Lua makes each local function anew in each call: 0.05 µs for every
 * function, whether the script calls it or not. A name costs nothing that can be measured.
 *
 * `integration-tests/src/contract/layout.test.ts` compares all of it with what a stock BullMQ
 * leaves on Redis.
 */

/**
 * How many steps a millisecond has in the scores of delayed jobs. A score is the instant at which
 * the job is due, in these steps; its lowest 12 bits keep jobs of one millisecond in order.
 */
export const DELAYED_STEPS_PER_MS = 0x1000;

/**
 * Score and member of the marker that wakes one idle worker now. Workers block on the sorted set
 * `marker` while their queue is empty.
 */
export const WAKE_MARKER = [0, '0'] as const;

/**
 * What a job's fields of ours begin with. BullMQ keeps fields that it does not know, and does not
 * read them.
 */
export const OWN_FIELDS = 'bullpen.';

/**
 * Marks a job that was in the hands of a process that died: how long it had run, in ms. It is on
 * trial at the fetch whose mark stands in the second field.
 */
export const SUSPECT_FIELD = `${OWN_FIELDS}suspect`;
export const TRIAL_FIELD = `${OWN_FIELDS}trial`;

/**
 * The deferred failure of a cancelled job. BullMQ's workers, too, fail a job that has a deferred
 * failure, with this reason and without a call of its handler. It stands in the job, so it lives as
 * long as the job, and every fetch brings it.
 */
export const CANCELLED_FAILURE = 'JobCancelled: the job was cancelled';

/**
 * BullMQ's names. The fields of a job that are full words (`name`, `data`, `opts`, `timestamp`,
 * `delay`, `priority`, `progress`, `processedOn`, `finishedOn`, `failedReason`) are written out
 * where they are used. Every other piece needs these names in front of it.
 */
const names = `
-- Fields of a job: attempts made, how often it was fetched, how often it was found without a lock,
-- the name of the worker that fetched it last.
local ATTEMPTS_MADE, FETCHES, CRASHES, WORKER = 'atm', 'ats', 'stc', 'pb'
-- Fields of ours: how long (ms) a suspect had run when its process died, and the fetch on trial.
local SUSPECT, TRIAL = '${SUSPECT_FIELD}', '${TRIAL_FIELD}'
-- Why a worker fails it at its next fetch; a cancelled job has this one.
local DEFERRED_FAILURE, CANCELLED = 'defa', '${CANCELLED_FAILURE}'
-- Keys of a job, behind its own key.
local LOCK, LOGS = ':lock', ':logs'
-- Fields of a queue's meta: paused, the global concurrency, the jobs that the rate limit allows,
-- how long the event stream gets; and one of ours, what is told on it.
local PAUSED, CONCURRENCY, RATE_LIMIT, MAX_EVENTS = 'paused', 'concurrency', 'max', 'opts.maxLenEvents'
local DEFAULT_MAX_EVENTS = '10000'
local EVENTS = '${META.events}'
-- Members of the marker: a job waits now; the first delayed job is due at the score, in ms.
local WAITS_NOW, IS_DUE_AT = '${WAKE_MARKER[1]}', '1'
-- Scores: of a delayed job its instant in these steps; of a prioritized job its priority in these
-- steps, and its place among the jobs with that priority.
local DELAYED_STEPS, PRIORITY_STEPS = ${DELAYED_STEPS_PER_MS}, 0x100000000
`;

/**
 * What time it is, in milliseconds since 1970. Redis' clock is the clock of the whole fleet: hosts
 * may be minutes apart.
 */
const now = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/**
 * Names one fetch of a job, by the worker, the number of the fetch and its instant. The number alone
 * does not: a new job with the same id counts from one again. `fetchMark` in the worker's
 * `fetched-job.ts` makes the same text.
 */
const fetchMark = `
local function fetchMark(worker, fetches, at)
  return (worker or '') .. ' ' .. (fetches or 0) .. ' ' .. (at or 0)
end
`;

/**
 * Tells an event on the stream of a queue, if the queue tells such events (`events.ts`). A script
 * gets two streams: one for the steps that every job takes ({@link EVENT_STEPS}), one for all other
 * events. A stream on which nothing is told is false.
 */
const tell = `
local function streamsOf(events, told, maxEvents)
  local stream = { events, maxEvents or DEFAULT_MAX_EVENTS }
  return told == 'all' and stream, told ~= 'none' and stream
end
local function tell(stream, ...)
  if stream then redis.call('XADD', stream[1], 'MAXLEN', '~', stream[2], '*', 'event', ...) end
end
`;

/** The two streams of a queue, for a script that has not read the meta; stands behind `tell`. */
const eventsOf = `
local function eventsOf(events, meta)
  return streamsOf(events, unpack(redis.call('HMGET', meta, EVENTS, MAX_EVENTS)))
end
`;

/** The score of a job that becomes due at an instant: behind those due in the same millisecond. */
const delayedScore = `
local function delayedScore(delayed, dueAt)
  local least, most = dueAt * DELAYED_STEPS, (dueAt + 1) * DELAYED_STEPS - 1
  local last = redis.call('ZREVRANGEBYSCORE', delayed, most, least, 'WITHSCORES', 'LIMIT', 0, 1)
  return last[2] and math.min(tonumber(last[2]) + 1, most) or least
end
`;

/**
 * Wakes an idle worker; not one of a queue that is paused, or full by its global concurrency. A
 * script that has read these two fields gives them as `state`.
 */
const wakeWorker = `
local function wakeWorker(meta, active, marker, state)
  state = state or redis.call('HMGET', meta, PAUSED, CONCURRENCY)
  local isFull = state[2] and redis.call('LLEN', active) >= tonumber(state[2])
  if not state[1] and not isFull then redis.call('ZADD', marker, ${WAKE_MARKER[0]}, WAITS_NOW) end
end
`;

/** Has an idle worker wake up when the first delayed job is due. */
const wakeWhenDue = `
local function wakeWhenDue(delayed, marker)
  local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', marker, tonumber(first[2]) / DELAYED_STEPS, IS_DUE_AT) end
end
`;

/** Puts a job behind the waiting ones of its priority. */
const prioritize = `
local function prioritize(base, id, priority)
  local place = redis.call('INCR', base .. 'pc') % PRIORITY_STEPS
  redis.call('ZADD', base .. 'prioritized', priority * PRIORITY_STEPS + place, id)
end
`;

/**
 * Whether a key is that of a job. A fetch, and what counts and marks jobs, write their fields also
 * when somebody has removed the job: such fields alone are no job.
 */
const isThere = `
local function isThere(job)
  for _, field in ipairs({ 'name', 'data', 'opts' }) do
    if redis.call('HEXISTS', job, field) == 1 then return true end
  end
  return false
end
`;

/** Pieces of Lua that know BullMQ's layout; `names` goes before all others. */
export const LAYOUT = {
  ...{ names, now, fetchMark, tell, eventsOf, delayedScore, wakeWorker, wakeWhenDue, prioritize, isThere },
} as const;
