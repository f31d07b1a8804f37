import { moveToFinished } from 'bullmq/dist/cjs/scripts/moveToFinished-14.js';
import { ROW_SCRIPT } from './row-script.js';

/** How many keys and arguments BullMQ's own script takes; ours come behind them. */
export const FINISH_KEYS = moveToFinished.keys;
export const FINISH_ARGS = 9;

/**
 * BullMQ's moveToFinished, of the version we pin, and in the same call what Bullpen notes about the job: so a row is never counted before its end is recorded, or recorded and not counted.
 * ARGV 10 …: attempts made or '', '1' to forget its crashes, '1' to forget its cancellation; then, of a row of a batch, the batch, and row, fate, reason, text and key of the row, or
 * nothing more for a job that several rows shared.
 */
export const FINISH = `
local function finish()
${moveToFinished.content}
end
local reply = finish()
if type(reply) == 'number' and reply < 0 then return reply end
${ROW_SCRIPT}
local base, jobId, job = ARGV[7], ARGV[1], KEYS[12]
if ARGV[10] ~= '' and call('EXISTS', job) == 1 then call('HSET', job, 'atm', ARGV[10]) end
if ARGV[11] == '1' then call('HDEL', job, 'stc') end
if ARGV[12] == '1' then call('ZREM', base .. 'cancelled', jobId) end
if ARGV[13] then
  local books = booksOf(base, ARGV[13])
  if ARGV[14] then noteRow(base, books, ARGV[14], tonumber(ARGV[15]), ARGV[16], ARGV[17], ARGV[18]) end
  keepBooks(books, base .. 'batches', ARGV[13], tonumber(ARGV[2]))
end
return reply
`;
