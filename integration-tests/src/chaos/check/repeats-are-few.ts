import type { Facts } from '../facts.js';
import { RECORDING_MS, TIMER_MS } from '../limits.js';
import { allFaults, felt, harmBetween, isHarmful, isKill, isStandstill } from './all-faults.js';
import { groupBy } from './group-by.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';

/** For so long may the end of a job be on its way while its slot is used for another. */
const UNRECORDED_MS = 5;
/** What the lines of the ledger and the death of a process may be apart from what they tell. */
const NOISE_MS = 2 * TIMER_MS;
/** A fault before the death of a process that ended sooner than this may have held ends up. */
const CALM_MS = 1_000;

/**
 * A process that is killed repeats at most what was in its slots, and what ended in its last
 * milliseconds. A job that another fault repeats does not count. Nothing is said of a process whose
 * connection or Redis was disturbed shortly before.
 */
export function repeatsAreFew(facts: Facts): Finding {
  const all = allFaults(facts);
  const faults = all.filter((fault) => isHarmful(fault) && !isKill(fault));
  const standstills = all.filter((fault) => isStandstill(fault));
  const runs = handlerRuns(facts);
  const queueOf = new Map(facts.intended.map(({ id, queue }) => [id, queue]));
  const attemptOf = ({ jobId, key, attempt }: HandlerRun): string => `${jobId} ${key} ${attempt}`;
  const byAttempt = groupBy(runs, attemptOf);
  /** Whether it ran again, and no other fault is the reason. */
  const isRepeated = (run: HandlerRun): boolean =>
    byAttempt.get(attemptOf(run))?.at(-1) !== run &&
    harmBetween(faults, run.pid, run.startedAt, run.endedAt + RECORDING_MS) === undefined;
  return convict(
    'repeated too much',
    facts.lives
      .filter(({ signal }) => signal === 'SIGKILL')
      .filter(({ pid, exitedAt }) => {
        return !faults.some((fault) => {
          const isOurs = fault.pid === undefined || fault.pid === pid;
          return isOurs && fault.startedAt <= exitedAt && felt(fault) >= exitedAt - CALM_MS;
        });
      })
      .flatMap(({ pid, exitedAt }) => {
        // A process that stood still when it was killed did its last work before that.
        const stoodStillAt = standstills
          .filter((fault) => fault.pid === pid && fault.startedAt <= exitedAt && fault.endedAt >= exitedAt)
          .map(({ startedAt }) => startedAt);
        const until = Math.min(exitedAt, ...stoodStillAt) - UNRECORDED_MS - NOISE_MS;
        const early = runs.filter((run) => {
          return run.pid === pid && run.conclusion === 'end' && run.endedAt < until && isRepeated(run);
        });
        return [...groupBy(early, ({ jobId }) => queueOf.get(jobId) ?? '')]
          .filter(([, ofQueue]) => ofQueue.length > facts.concurrency)
          .map(([queue, { length }]) => {
            const when = `before ${clock(until)}; it was killed at ${clock(exitedAt)}`;
            return `worker ${pid} had ${facts.concurrency} slots of ${queue}, and ${length} jobs ran again that it ended ${when}`;
          });
      }),
  );
}
