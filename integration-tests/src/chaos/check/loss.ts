import type { Facts } from '../facts.js';
import { loggedAt } from '../life.js';
import { LEASE_MS } from '../limits.js';
import { allFaults, harmBetween } from './all-faults.js';
import { convict, type Finding } from './violation.js';

/** The facts about jobs that were enqueued after the last FLUSHALL; there is nothing to say of others. */
export function withoutFlushed(facts: Facts): Facts {
  const flushedAt = Math.max(
    ...facts.faults.filter(({ kind }) => kind === 'redis-flush').map(({ endedAt }) => endedAt),
  );
  if (!Number.isFinite(flushedAt)) return facts;
  const gone = new Set(facts.intended.filter(({ sentAt }) => sentAt <= flushedAt).map(({ id }) => id));
  const isLeft = ({ id }: { readonly id: string }): boolean => !gone.has(id);
  return {
    ...facts,
    intended: facts.intended.filter(isLeft),
    accepted: facts.accepted.flatMap((line) => {
      const ids = line.ids.filter((id) => !gone.has(id));
      return ids.length === 0 ? [] : [{ ...line, ids, added: line.added.filter((id) => !gone.has(id)) }];
    }),
    cancels: facts.cancels.filter(isLeft),
    reuses: facts.reuses.filter((reuse) => isLeft(reuse) && !gone.has(reuse.cancelled)),
    stored: facts.stored.filter(isLeft),
    ledger: facts.ledger.filter(({ jobId }) => jobId === undefined || !gone.has(jobId)),
  };
}

/** What a worker says of a lease that another worker may have. */
const TAKEN = 'lease lost; another worker may attempt the job';

/** Nobody has the jobs that FLUSHALL removed: a worker says that they are gone. */
export function lossIsNamed(facts: Facts): Finding {
  const faults = allFaults(facts);
  const flushes = faults.filter(({ kind }) => kind === 'redis-flush');
  const others = faults.filter(({ kind }) => kind !== 'redis-flush');
  return convict(
    'loss not named',
    facts.lives.flatMap(({ pid, log }) => {
      const untrue = log.filter((line) => {
        const at = loggedAt(line) ?? 0;
        const flush = flushes.find(({ startedAt, endedAt }) => startedAt <= at && at <= endedAt + 2 * LEASE_MS);
        return line.msg === TAKEN && flush && !harmBetween(others, pid, flush.startedAt - LEASE_MS, at);
      });
      return untrue.length === 0
        ? []
        : [`worker ${pid} says ${untrue.length} times '${TAKEN}', and the jobs were gone`];
    }),
  );
}
