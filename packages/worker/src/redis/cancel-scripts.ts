import { LAYOUT } from '@bullpen/shared/internal';

/** The most names of batches that one call answers. */
export const MAX_BATCHES = 1_000;

/**
 * Answers which of a worker's jobs are cancelled, and which batches of the queue were cancelled since
 * the worker last asked. So it costs what the worker holds and what has changed, however many
 * cancellations there are.
 *
 * A job of a cancelled batch gets a mark of its own: the job may outlive the books of its batch.
 *
 * KEYS: the cancelled batches. ARGV: base of the queue's keys, the score of the last batch that the
 * worker knows, or `-inf`; then for each job its id and its batch, or `''`. Answers `1` or `0` for
 * each job in one text, the score of the last batch, and the names of the batches.
 */
export const CANCELLED_AMONG = `
${LAYOUT.names}
local base, call, answers, isOver = ARGV[1], redis.call, {}, {}
for at = 3, #ARGV, 2 do
  local job, batch = base .. ARGV[at], ARGV[at + 1]
  local isCancelled = call('HGET', job, DEFERRED_FAILURE) == CANCELLED
  if not isCancelled and batch ~= '' then
    if isOver[batch] == nil then isOver[batch] = call('HEXISTS', base .. 'batch:' .. batch, 'cancelledAt') == 1 end
    isCancelled = isOver[batch]
    if isCancelled and call('EXISTS', job) == 1 then call('HSET', job, DEFERRED_FAILURE, CANCELLED) end
  end
  answers[#answers + 1] = isCancelled and '1' or '0'
end
local batches = call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ${MAX_BATCHES})
local names = {}
for at = 1, #batches, 2 do names[#names + 1] = batches[at] end
return { table.concat(answers), batches[#batches] or ARGV[2], names }
`;
