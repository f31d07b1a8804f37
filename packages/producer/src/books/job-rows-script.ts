import { MAX_ROWS_PER_JOB } from '@bullpen/shared/internal';

/**
 * Lua that knows which rows of a batch a job stands for, as the worker knows it. The script around
 * it defines `call`, `base`, `batch` and `fates`. `cost` says how long all of it took so far, in
 * microseconds, about.
 */
export const JOB_ROWS_SCRIPT = `
local books = base .. 'batch:' .. batch
local start = 'b-' .. batch .. '-'
local known = call('HMGET', books, 'read', 'split')
local read, isSplit = tonumber(known[1]) or 0, (tonumber(known[2]) or 0) > 0
local cost = 0

-- The rows of a job, as ranges, and whether rows share it. Nothing if it is not a job of this batch,
-- or if some other client has changed it.
local function rangesOf(id)
  if string.sub(id, 1, #start) ~= start then return end
  local rest = string.sub(id, #start + 1)
  if string.match(rest, '^[1-9]%d*$') then
    local row = tonumber(rest)
    if row <= read then return { row, row }, false end
  elseif string.match(rest, '^[1-9]%d*_[1-9]%d*$') then
    cost = cost + 5
    local readable, opts = pcall(cjson.decode, call('HGET', base .. id, 'opts') or '')
    local ranges = readable and type(opts) == 'table' and type(opts.bullpen) == 'table' and opts.bullpen.rows
    if type(ranges) ~= 'table' then return end
    local rows = 0
    for at = 1, #ranges, 2 do
      local from, to = tonumber(ranges[at]), tonumber(ranges[at + 1])
      if not from or not to or from < 1 or to > read or from > to then return end
      rows = rows + to - from + 1
    end
    if rows <= ${MAX_ROWS_PER_JOB} then return ranges, true end
  end
end

-- Calls take(row, place) for each row of a job that is still open. Rows that have left a shared job
-- for jobs of their own are not its rows any more.
local function eachOpen(ranges, isShared, take)
  local place = 0
  for at = 1, #ranges, 2 do
    local from, to = ranges[at], ranges[at + 1]
    local first = math.floor((from - 1) / 4)
    local bytes = call('GETRANGE', fates, first, math.floor((to - 1) / 4))
    cost = cost + 1
    for row = from, to do
      place = place + 1
      local byte = string.byte(bytes, math.floor((row - 1) / 4) - first + 1) or 0
      if bit.band(bit.rshift(byte, 6 - 2 * ((row - 1) % 4)), 3) == 0 then
        local left = false
        if isShared and isSplit then
          cost = cost + 1
          left = call('EXISTS', base .. start .. string.format('%d', row)) == 1
        end
        if not left then take(row, place) end
      end
    end
    cost = cost + (to - from + 1) / 20
  end
end
`;
