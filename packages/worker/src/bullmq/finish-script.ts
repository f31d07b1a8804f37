import { KEY_SCRIPT, LAYOUT, META, obeyEvents } from '@bullpen/shared/internal';
import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { ROW_SCRIPT } from '../redis/row-scripts.js';
import { setTime } from './engine-scripts.js';

/** How many keys and arguments BullMQ's own script takes. Our arguments come behind them. */
export const FINISH_KEYS = moveToFinished.keys;
export const FINISH_ARGS = 9;
/** The most finished jobs that one call removes because there are too many: a few milliseconds. */
const MAX_REMOVED = 1_000;
/** Begins an answer that also says how many failed jobs were removed. */
export const FAILED_REMOVED = 'failed jobs removed';

/**
 * BullMQ's moveToFinished, of the version we pin, and in the same call what Bullpen notes about the
 * job. So a row is never counted before its end is recorded, and never recorded without being
 * counted.
 *
 * BullMQ's script keeps a number of finished jobs, each for a time. It removes at most 1,000 that
 * are too old, but all that are too many: a million of them would stop Redis for seconds. So this
 * script has it keep more, as long as there are many more. When it removes failed jobs, this script
 * counts them. The key of a job that is kept expires when the job may be removed for its age:
 * nobody else would remove the key then.
 *
 * KEYS: those of BullMQ's script. ARGV: those of BullMQ's script; then, if there is anything to
 * note, from ARGV 10 on: attempts made or `''`, and `c` to forget the job's crashes. For the job of
 * a row of a batch follow the batch, the row and its fate, and, if it has any, reason, text and key;
 * for a job that several rows share, only the batch. These few
 * arguments travel with every job, so they are short. Answers what BullMQ's script answers; if
 * failed jobs were removed, "{@link FAILED_REMOVED}", how many, and that answer.
 */
export const FINISH = `
${setTime(2)}
local function finish()
${obeyEvents(moveToFinished.content)}
end
local before = redis.call('ZCARD', KEYS[11])
local opts = cmsgpack.unpack(ARGV[8])
local keep = opts.keepJobs
local leastKept = before + 1 - ${MAX_REMOVED}
if keep.count and keep.count > 0 and keep.count < leastKept then
  keep.count = leastKept
  ARGV[8] = cmsgpack.pack(opts)
end
local reply = finish()
if type(reply) == 'number' and reply < 0 then return reply end
${LAYOUT.names}
-- A cancellation that came too late is not meant for the next run of the job, by hand. Of a failed
-- job BullMQ's script has forgotten it.
if ARGV[5] == 'completed' then redis.call('HDEL', KEYS[12], DEFERRED_FAILURE) end
if string.sub(ARGV[1], 1, 2) == 'k-' then
  ${KEY_SCRIPT}
  local record = recordOf(ARGV[7], ARGV[1])
  if record and redis.call('EXISTS', KEYS[12]) == 0 then freeKey(record, ARGV[1])
  elseif record and keep.age and redis.call('GET', record) == ARGV[1] then redis.call('EXPIRE', record, keep.age) end
end
if ARGV[5] == 'failed' and keep.count ~= 0 then
  local removed = before + 1 - redis.call('ZCARD', KEYS[11])
  if removed > 0 then
    redis.call('HINCRBY', KEYS[9], '${META.failedTrimmed}', removed)
    reply = { '${FAILED_REMOVED}', removed, reply or false }
  end
end
if not ARGV[10] then return reply end
${ROW_SCRIPT}
local base, job = ARGV[7], KEYS[12]
if ARGV[10] ~= '' and call('EXISTS', job) == 1 then call('HSET', job, ATTEMPTS_MADE, ARGV[10]) end
if ARGV[11] == 'c' then call('HDEL', job, CRASHES) end
if ARGV[12] then
  local books = booksOf(base, ARGV[12])
  if ARGV[13] then noteRow(base, books, ARGV[13], tonumber(ARGV[14]), ARGV[15] or '', ARGV[16] or '', ARGV[17] or '') end
  keepBooks(books, base .. 'batches', ARGV[12])
end
return reply
`;
