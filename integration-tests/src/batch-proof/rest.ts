import { setTimeout as sleep } from 'node:timers/promises';
import { countOutstanding, countQueue } from '@bullpen/shared/internal';
import { PREFIX, QUEUE } from './job.js';
import type { Watch } from './watch.js';

/** A run is given up when its batch stands still for so long: longer than any lease. */
const STANDSTILL_LIMIT_MS = 90_000;
const LOOK_EVERY_MS = 100;

/**
 * Waits until no job is outstanding, twice in a row: a count can miss a job that is between two
 * states. Answers how things stand when nothing has moved for too long.
 */
export async function comeToRest(watch: Watch): Promise<string | undefined> {
  let last = '';
  let movedAt = performance.now();
  let wasIdle = false;
  for (;;) {
    const { settled } = await watch.progress();
    // Redis may be killed between two answers: then the next look decides.
    const counts = await countQueue(watch.redis, PREFIX, QUEUE).catch(() => undefined);
    const isIdle = counts !== undefined && countOutstanding(counts) === 0;
    if (isIdle && wasIdle) return undefined;
    wasIdle = isIdle;
    const now = JSON.stringify({ settled, counts });
    if (now !== last) movedAt = performance.now();
    last = now;
    if (performance.now() - movedAt > STANDSTILL_LIMIT_MS) return now;
    await sleep(LOOK_EVERY_MS);
  }
}
