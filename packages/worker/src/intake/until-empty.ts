import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, QueueCounts } from '@bullpen/shared';
import { countOutstanding, countQueue, type Redis } from '@bullpen/shared/internal';
import type { Outage } from '../redis/outage.js';

/** What {@link untilEmpty} needs. */
export interface UntilEmptyDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queues: readonly string[];
  readonly outage: Outage;
  /** Whether the worker drains. Then nobody waits for its queues any more. */
  readonly isDraining: () => boolean;
  readonly log: Logger;
}

/**
 * Why the wait for empty queues ended:
 * - `empty`: they hold no job that is not settled.
 * - `paused`: all jobs that are left are on queues that somebody paused.
 * - `draining`: the worker drains.
 */
export type EmptyOrNot = 'empty' | 'paused' | 'draining';

const POLL_MS = 250;

/**
 * Waits until the queues hold no unsettled job, until all that are left are on paused queues, or
 * until the worker drains. Logs what it waits for, at first and when that changes.
 * @throws what Redis throws when it is no outage
 */
export async function untilEmpty(deps: UntilEmptyDeps): Promise<EmptyOrNot> {
  const { redis, prefix, queues, outage, isDraining, log } = deps;
  let said: string | undefined;
  let before: string | undefined;
  for (;;) {
    try {
      const counts = await Promise.all(queues.map((queue) => countQueue(redis, prefix, queue)));
      const left = counts.filter((queue) => countLeft(queue) > 0);
      if (left.length === 0) return 'empty';
      const waits = whatFor(left);
      // Twice in a row: the counts of a queue are read one after the other, and a job may move
      // meanwhile.
      const isSteady = waits === before;
      before = waits;
      if (waits === PAUSED && isSteady) {
        log.warn({ queues: left.map(leftOf) }, 'the jobs that are left are on paused queues');
        return 'paused';
      }
      if (waits !== said && waits !== PAUSED && (isSteady || said === undefined)) {
        said = waits;
        log.info({ queues: left.map(leftOf) }, waits);
      }
    } catch (error) {
      // In an outage Redis is asked again later.
      if (!isDraining() && !outage.noteIfOutage(error)) throw error;
    }
    if (isDraining()) return 'draining';
    await sleep(POLL_MS);
  }
}

const PAUSED = 'paused';

const countLeft = (counts: QueueCounts): number => countOutstanding(counts) + counts.waitingChildren;

/** What the queues that hold jobs are waiting for, in a word. */
function whatFor(left: readonly QueueCounts[]): string {
  const going = left.filter(({ paused, active }) => !paused || active > 0);
  if (going.length === 0) return PAUSED;
  if (going.some(({ waiting, prioritized, active }) => waiting + prioritized + active > 0)) {
    return 'waiting until the queues are empty';
  }
  const isDelayed = going.some(({ delayed }) => delayed > 0);
  return isDelayed ? 'waiting for delayed jobs' : 'waiting for jobs whose children in a flow are not settled';
}

/** The counts of a queue that are not zero. */
function leftOf({ queue, paused, waiting, prioritized, delayed, active, waitingChildren }: QueueCounts) {
  const counts = Object.entries({ waiting, prioritized, delayed, active, waitingChildren });
  return { queue, ...(paused ? { paused } : {}), ...Object.fromEntries(counts.filter(([, count]) => count > 0)) };
}
