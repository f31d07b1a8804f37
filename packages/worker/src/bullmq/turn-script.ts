import { KEY_SCRIPT, LAYOUT } from '@bullpen/shared/internal';
import { COMPLETED_ROWS_SCRIPT } from '../redis/row-scripts.js';
import { TURN_ENDS_SCRIPT } from './turn-ends-script.js';
import { TURN_FETCH_SCRIPT } from './turn-fetch-script.js';

/** How many keys it takes. */
export const TURN_KEYS = 11;

/**
 * One turn of a worker's main loop: "these jobs are completed, give me up to so many others". It does
 * what BullMQ's moveToFinished and moveToActive, of the version we pin, do for jobs that have nothing
 * to do with flows, schedulers or deduplication, and no more. The end of any other job is left to
 * BullMQ's own script (`finish-script.ts`). Contract tests compare what this script and a stock
 * worker leave on Redis, key by key.
 *
 * KEYS: wait, active, prioritized, events, stalled, delayed, meta, marker, pc, completed, limiter.
 * ARGV: base of the queue's keys, length of a lease (ms), the worker's name, the token for the jobs
 * that it fetches, how many jobs it may fetch for free slots, and how many ahead; how many completed
 * jobs are kept, and for how long (s); then for each end the id of its job, the token of its lease,
 * the result as JSON, and its kind with what belongs to it:
 * - `job`, the number of attempts made: a single job, which is kept.
 * - `row`, its batch, the row, what the books keep of the result: the job of a row, which is removed.
 * - `rows`, their batch: a job that rows share, which is removed.
 *
 * Answers with five values. First a number for each end:
 * - 0: completed.
 * - 1: nothing was done; BullMQ's script has to do it.
 * - below 0: the job is not ours; BullMQ's numbers.
 * - an error in its place: completed, but Redis refused to note it in the books.
 * Then the fetched jobs: for each its id and its fields as they were before this fetch, as a list or
 * as JSON; and ids that it took off the queue because their keys hold no job, each with 0. Then the
 * instant of the fetch. The last two say why there may be fewer jobs than it asked for: for how long
 * the queue is limited (ms), and when its next delayed job is due. Each is 0 if it is not so.
 */
export const TURN = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.prioritize}
${COMPLETED_ROWS_SCRIPT}
${KEY_SCRIPT}
local waitKey, activeKey, prioritizedKey, eventsKey, stalledKey, delayedKey, metaKey, markerKey, counterKey, completedKey, limiterKey = unpack(KEYS)
local base, leaseMs, worker, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local free, ahead = tonumber(ARGV[5]), tonumber(ARGV[6])
local now = nowMs()
local nowText = string.format('%.0f', now)
local leasedUntil = string.format('%.0f', now + leaseMs)
local meta = call('HMGET', metaKey, PAUSED, CONCURRENCY, RATE_LIMIT, 'duration', EVENTS, MAX_EVENTS)
local isPaused, concurrency, limit = meta[1], tonumber(meta[2]), tonumber(meta[3])
local steps, others = streamsOf(eventsKey, meta[5], meta[6])

${TURN_ENDS_SCRIPT}

${TURN_FETCH_SCRIPT}
if steps and #ended > 0 and #fetched == 0 and (free + ahead == 0 or not isPaused and dueAt == 0) and call('LLEN', waitKey) == 0 and call('LLEN', activeKey) == 0 and call('EXISTS', prioritizedKey) == 0 then
  tell(steps, 'drained')
end
return { answers, fetched, nowText, limitedMs, dueAt }
`;
