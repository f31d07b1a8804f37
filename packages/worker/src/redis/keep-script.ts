/**
 * Writes into a queue's meta how long it keeps its finished jobs. A worker does so when it starts,
 * and it must also start when Redis is full.
 *
 * KEYS: meta. ARGV: `1` to replace what stands there, or `''` to add only what is missing; then
 * fields and values.
 */
export const KEEP = `
local write = ARGV[1] == '1' and 'HSET' or 'HSETNX'
for at = 2, #ARGV, 2 do redis.call(write, KEYS[1], ARGV[at], ARGV[at + 1]) end
`;
