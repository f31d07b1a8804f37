import { BOOKS_SCRIPT, KEY_SCRIPT, LAYOUT, META } from '@bullpen/shared/internal';
import { JOB_ROWS_SCRIPT } from '../books/job-rows-script.js';

/**
 * Lua that removes jobs which do not run, as cancelled: {@link CANCEL_SCRIPT} removes one,
 * {@link SWEEP_SCRIPT} many of a batch. The script around it defines `base`, `batch`, `fates`,
 * `eventsKey` and `metaKey`.
 */
export const TAKE_OFF_SCRIPT = `
${LAYOUT.names}
${LAYOUT.tell}
${LAYOUT.eventsOf}
${BOOKS_SCRIPT}
${KEY_SCRIPT}
${JOB_ROWS_SCRIPT}
-- A job and its open rows, each with the hash of its key if it is in the list of hashes.
local function describeJob(id, ranges, isShared, hashes)
  local job = { id = id, rows = {}, hashes = {} }
  eachOpen(ranges, isShared, function(row, place)
    job.rows[#job.rows + 1] = string.format('%d', row)
    job.hashes[#job.hashes + 1] = hashes and hashes[place] or ''
  end)
  return job
end

-- Removes jobs that were just taken out of their list or set: settles their rows as cancelled,
-- frees all their keys, and counts them. Answers how many rows were settled.
local function removeCancelled(taken, part, books)
  local rows, _, others = 0, eventsOf(eventsKey, metaKey)
  for _, job in ipairs(taken) do
    for at, row in ipairs(job.rows) do
      if settleRow(books, row, 3) then rows = rows + 1 end
      if job.hashes[at] ~= '' then freeKey(base .. 'key:' .. job.hashes[at], 'b-' .. batch .. '-' .. row) end
    end
    local record = recordOf(base, job.id)
    if record then freeKey(record, job.id) end
    call('DEL', base .. job.id, base .. job.id .. LOCK, base .. job.id .. LOGS)
    tell(others, 'removed', 'jobId', job.id, 'prev', part)
  end
  call('HINCRBY', metaKey, '${META.cancelled}', #taken)
  return rows
end
`;
