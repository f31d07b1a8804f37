/**
 * The arguments of a script that looks at a window of a queue: base of the queue's keys, batch,
 * `wait`, `prioritized` or `delayed`, where the window begins, how many jobs it has.
 */
export const WINDOW_ARGS = `
local base, batch, part, from, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local key, fates = KEYS[1], KEYS[2]
`;

/**
 * Reads a window of a list, counted from its end, where jobs are fetched, or of a set, counted from
 * its lowest score. `ids` has the jobs in that order.
 */
export const WINDOW_SCRIPT = `
local ids = {}
if part ~= 'wait' then
  ids = call('ZRANGE', key, from, from + most - 1)
elseif from < call('LLEN', key) then
  local window = call('LRANGE', key, -(from + most), -(from + 1))
  for at = #window, 1, -1 do ids[#ids + 1] = window[at] end
end
`;

/**
 * Takes jobs out of the first `looked` of a window. Each has its id, and its place `at` among the
 * ids.
 */
export const TAKE_OUT_SCRIPT = `
local function takeOut(taken, looked)
  if part ~= 'wait' then
    for _, job in ipairs(taken) do call('ZREM', key, job.id) end
    return
  end
  -- No id has a colon, so this is none. One command takes all of them out, from the nearer end.
  local tombstone = 'removed:' .. batch
  local fromTail = from + looked < call('LLEN', key) / 2
  for _, job in ipairs(taken) do call('LSET', key, -(from + job.at), tombstone) end
  call('LREM', key, fromTail and -#taken or #taken, tombstone)
end
`;
