import type { Facts } from '../facts.js';
import type { CancelLine } from '../producer-lines.js';
import type { StoredJob } from '../snapshot.js';
import { groupBy } from './group-by.js';
import { type HandlerRun, handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';

/** A worker that missed the publication of a cancellation reads it within this time. */
const REACH_MS = 6_000;

/**
 * What `cancel` answers is true: a job that is cancelled does not start any more, one whose
 * cancellation is requested does not start long after, and a settled one was settled.
 */
export function cancelsHold(facts: Facts): Finding {
  const runsOf = groupBy(handlerRuns(facts), ({ jobId }) => jobId);
  const stored = new Map(facts.stored.map((job) => [job.id, job]));
  const untrue = facts.cancels.flatMap((cancel) => {
    const { id, at, answer } = cancel;
    const faults = wrongAnswer(cancel, stored.get(id), runsOf.get(id) ?? []);
    return faults.map((fault) => `cancel of ${id} was answered '${answer}' at ${clock(at)}, and ${fault}`);
  });
  const held = facts.reuses.flatMap(({ cancelled, id }) =>
    id === cancelled ? [`${id} was cancelled, and its key was still taken when it was used again`] : [],
  );
  return convict('cancelled in vain', [...untrue, ...held]);
}

function wrongAnswer({ at, answer }: CancelLine, job: StoredJob | undefined, runs: readonly HandlerRun[]): string[] {
  const startedAfter = (instant: number): string[] =>
    runs
      .filter(({ startedAt }) => startedAt > instant)
      .map(({ pid, startedAt }) => `its handler started in ${pid} at ${clock(startedAt)}`);
  switch (answer) {
    case 'cancelled':
      return [...startedAfter(at), ...(job === undefined ? [] : [`Redis has it: ${job.places.join(', ')}`])];
    case 'requested':
      return startedAfter(at + REACH_MS);
    case 'settled': {
      const { finishedOn = Number.POSITIVE_INFINITY } = job ?? {};
      return finishedOn <= at ? [] : [`it was not settled by then`];
    }
    case 'unknown':
      return ['it had been accepted'];
  }
}
