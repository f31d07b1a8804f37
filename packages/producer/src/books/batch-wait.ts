import { setTimeout as sleep } from 'node:timers/promises';
import { LAYOUT, queueKeys } from '@bullpen/shared/internal';
import type { RedisAccess } from '../enqueue/redis-access.js';

/** Why no row of a batch is being attempted, although rows are open. */
export type BatchWait =
  | {
      /** Its queue is paused, or no worker takes jobs of its queue. */
      readonly why: 'paused' | 'no worker';
    }
  | {
      /** Other jobs of its queue come first. */
      readonly why: 'behind';
      /** How many. */
      readonly jobs: number;
      /** Whether there may be more: only the first 10,000 are counted. */
      readonly orMore: boolean;
    }
  | {
      /** No row is due yet. */
      readonly why: 'delayed';
      /** When the first one is, in milliseconds since 1970. */
      readonly until: number;
    };

/** How many jobs are looked at for the first one of the batch: some milliseconds of Redis' time. */
const MAX_AHEAD = 10_000;
const PAGE = 1_000;

/**
 * Looks at what keeps the next waiting job of a batch from being fetched.
 *
 * KEYS: wait, prioritized, active, meta, the mark of the stall check. ARGV: what the ids of the
 * batch's jobs begin with. Answers whether the queue is paused, whether a worker was there lately,
 * and how many jobs come before the first one of the batch, -1 if it is not among the
 * first 10,000.
 */
export const WAIT_SCRIPT = `
${LAYOUT.names}
local call, start = redis.call, ARGV[1]
local function isOurs(id)
  return string.sub(id, 1, #start) == start and string.match(id, '^[%d_]+$', #start + 1) ~= nil
end
-- Jobs without a priority are fetched from the end of their list, and before all others.
local function countAhead()
  local ahead, waits = 0, call('LLEN', KEYS[1])
  while ahead < ${MAX_AHEAD} do
    local isList, ids = ahead < waits, nil
    if isList then
      ids = call('LRANGE', KEYS[1], -ahead - ${PAGE}, -ahead - 1)
    else
      ids = call('ZRANGE', KEYS[2], ahead - waits, ahead - waits + ${PAGE} - 1)
    end
    if #ids == 0 then return -1 end
    for at = 1, #ids do
      if isOurs(ids[isList and #ids + 1 - at or at]) then return ahead + at - 1 end
    end
    ahead = ahead + #ids
  end
  return -1
end
local isWorked = call('EXISTS', KEYS[5]) == 1 or call('LLEN', KEYS[3]) > 0
return { call('HEXISTS', KEYS[4], PAUSED), isWorked and 1 or 0, countAhead() }
`;

/**
 * Each worker leaves a mark when it looks for stalled jobs, which expires when the next look is due.
 * So it is gone for a moment now and then, and only a mark that is gone twice says something.
 */
const AGAIN_MS = 300;

/**
 * Finds out why a batch waits that has waiting rows and no active ones. `undefined` when one of its
 * rows comes next.
 */
export async function findWait(
  queue: string,
  batch: string,
  { prefix, ask }: RedisAccess,
): Promise<BatchWait | undefined> {
  const { base, wait, prioritized, active, meta } = queueKeys(prefix, queue);
  const look = () =>
    ask((redis) => redis.bullpenBatchWait(wait, prioritized, active, meta, `${base}stalled-check`, `b-${batch}-`));
  const [paused, worked, ahead] = await look();
  if (paused === 1) return { why: 'paused' };
  if (worked === 0) {
    await sleep(AGAIN_MS);
    const [, again] = await look();
    if (again === 0) return { why: 'no worker' };
  }
  if (ahead === 0) return undefined;
  return { why: 'behind', jobs: ahead < 0 ? MAX_AHEAD : ahead, orMore: ahead < 0 };
}

/**
 * Says why a batch waits.
 * @example
 * const { waits } = await producer.batches.show({ name: 'march' });
 * if (waits !== undefined) console.log(describeWait(waits)); // waiting behind 1,204 jobs of …
 * @remarks Moves to a package of its own, `@bullpen/control`.
 */
export function describeWait(wait: BatchWait): string {
  switch (wait.why) {
    case 'paused':
      return 'the queue is paused';
    case 'no worker':
      return 'no worker takes jobs of this queue';
    case 'delayed':
      return `delayed until ${new Date(wait.until).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
    case 'behind': {
      const jobs = `${wait.orMore ? 'at least ' : ''}${wait.jobs.toLocaleString('en-US')}`;
      return `waiting behind ${jobs} ${wait.jobs === 1 ? 'job' : 'jobs'} of this queue`;
    }
  }
}
