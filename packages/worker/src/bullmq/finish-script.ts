import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { ROW_SCRIPT } from '../redis/row-scripts.js';

/** How many keys and arguments BullMQ's own script takes; ours come behind them. */
export const FINISH_KEYS = moveToFinished.keys;
export const FINISH_ARGS = 9;

/**
 * BullMQ's moveToFinished, of the version we pin, and in the same call what Bullpen notes about the
 * job: so a row is never counted before its end is recorded, or recorded and not counted.
 * ARGV 10 …, if there is anything to note: attempts made or '', what to forget ('c' its crashes,
 * 'x' its cancellation); then, of a row of a batch, the batch, row and fate, and reason, text and
 * key if it has any; of a job that several rows shared the batch alone. For every job these few
 * travel, so they are short.
 */
export const FINISH = `
local function finish()
${moveToFinished.content}
end
local reply = finish()
if not ARGV[10] or type(reply) == 'number' and reply < 0 then return reply end
${ROW_SCRIPT}
local base, jobId, job = ARGV[7], ARGV[1], KEYS[12]
if ARGV[10] ~= '' and call('EXISTS', job) == 1 then call('HSET', job, 'atm', ARGV[10]) end
if ARGV[11] ~= '' then
  if string.find(ARGV[11], 'c', 1, true) then call('HDEL', job, 'stc') end
  if string.find(ARGV[11], 'x', 1, true) then call('ZREM', base .. 'cancelled', jobId) end
end
if ARGV[12] then
  local books = booksOf(base, ARGV[12])
  if ARGV[13] then noteRow(base, books, ARGV[13], tonumber(ARGV[14]), ARGV[15] or '', ARGV[16] or '', ARGV[17] or '') end
  keepBooks(books, base .. 'batches', ARGV[12])
end
return reply
`;
