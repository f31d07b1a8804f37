import type { Facts } from '../facts.js';
import { BACKOFF_JITTER, BACKOFF_MS, TIMER_MS } from '../limits.js';
import { groupBy } from './group-by.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';

const LEAST_BACKOFF_MS = BACKOFF_MS * (1 - BACKOFF_JITTER);

/** No job starts before its time, whatever the clocks of the hosts say. */
export function oneClock(facts: Facts): Finding {
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  const early = facts.intended.flatMap(({ id, delayMs, sentAt }) => {
    const runs = runsOf.get(id) ?? [];
    const [first] = runs;
    if (first === undefined || delayMs === 0) return [];
    const waitedMs = first.startedAt - sentAt;
    if (waitedMs >= delayMs - TIMER_MS) return [];
    return [`${id} has a delay of ${delayMs} ms and started in ${first.pid} ${waitedMs} ms after it was enqueued`];
  });
  return convict('wrong time', [...early, ...[...runsOf].flatMap(([id, runs]) => tooSoonAgain(id, runs))]);
}

/** An attempt that did not wait out the backoff of the one before. */
function tooSoonAgain(id: string, runs: readonly HandlerRun[]): string[] {
  return runs.flatMap(({ attempt, startedAt, pid }) => {
    const failures = runs.filter((run) => run.attempt === attempt - 1 && run.conclusion === 'threw');
    const failedAt = Math.min(...failures.map(({ endedAt }) => endedAt));
    if (failures.length === 0 || startedAt - failedAt >= LEAST_BACKOFF_MS - TIMER_MS) return [];
    const says = `${startedAt - failedAt} ms after attempt ${attempt - 1} had failed at ${clock(failedAt)}`;
    return [`${id}: attempt ${attempt} in ${pid} started ${says}; its backoff is at least ${LEAST_BACKOFF_MS} ms`];
  });
}

/** A duration that a worker logs is not negative, and not longer than the worker lived. */
export function possibleDurations({ lives }: Facts): Finding {
  return convict(
    'wrong time',
    lives.flatMap(({ pid, log, startedAt, exitedAt }) =>
      log.flatMap(({ msg, durationMs }) => {
        if (typeof durationMs !== 'number' || (durationMs >= 0 && durationMs <= exitedAt - startedAt)) return [];
        return [`worker ${pid} lived ${exitedAt - startedAt} ms and says that '${msg}' took ${durationMs} ms`];
      }),
    ),
  );
}
