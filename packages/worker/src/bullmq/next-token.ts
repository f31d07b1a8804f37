/**
 * Every fetch has a token of its own, so that a lease is never taken for the lease of another
 * fetch. All scripts that compare the token alone rely on it. A token has three parts: a UUID of the
 * source that fetches (BullMQ's `Worker.id`); the number of the fetch, which `moveToActive` in
 * `bullmq-worker.ts` counts; and how many ends have fetched a job since, one after the other. BullMQ
 * gives the job that it fetches together with an end the token of the job that ended. Our scripts
 * give it the next token instead: the number at the end of a token grows by one.
 *
 * A fetch that the client sends again, because the answer was lost, has the same token twice. Nobody
 * holds what the first one brought, so no two holders have the same token.
 */
export const nextToken = (token: string): string => token.replace(/\d+$/, (count) => String(Number(count) + 1));

/**
 * The same in Lua, and a function that gives the next token to the job that a script of BullMQ has
 * fetched together with an end. `reply` is what that script answers.
 */
export const NEXT_TOKEN = `
local function nextToken(token)
  return (string.gsub(token, '%d+$', function(count) return string.format('%.0f', count + 1) end))
end
local function giveNextToken(base, reply, token)
  if type(reply) ~= 'table' or type(reply[1]) ~= 'table' then return end
  redis.call('SET', base .. reply[2] .. ':lock', nextToken(token), 'XX', 'KEEPTTL')
end
`;
