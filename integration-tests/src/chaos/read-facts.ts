import { join } from 'node:path';
import { groupBy } from './check/group-by.js';
import { acceptedIds, type Facts, type IntendedJob } from './facts.js';
import { staleId, stalePayload } from './inject-stale-lease.js';
import { idStartOf, startOfId } from './jobs.js';
import { type LedgerLine, readLines } from './ledger.js';
import { type Plan, QUEUES } from './planned.js';
import type { AcceptedLine, CancelLine, IntentLine, ReuseLine } from './producer-lines.js';
import type { StoredJob } from './snapshot.js';

type FromFiles = Pick<Facts, 'intended' | 'accepted' | 'cancels' | 'reuses' | 'ledger'>;

/** What the handlers and the producer of a run have written down. */
export function readFacts(plan: Plan, folder: string, stored: readonly StoredJob[]): FromFiles {
  const accepted = readLines<AcceptedLine>(join(folder, 'accepted.ndjson'));
  const cancels = readLines<CancelLine>(join(folder, 'cancels.ndjson'));
  const reuses = readLines<ReuseLine>(join(folder, 'reuses.ndjson'));
  const ledger = readLines<LedgerLine>(join(folder, 'ledger.ndjson'));
  const ran = ledger.flatMap(({ jobId }) => jobId ?? []);
  const all = [...acceptedIds({ accepted, reuses }), ...ran, ...stored.map(({ id }) => id)];
  const idsByStart = groupBy([...new Set(all)], startOfId);
  const reused = new Map(reuses.map(({ id, sentAt }) => [id, sentAt]));
  const cancelled = new Map(cancels.filter(({ answer }) => answer === 'cancelled').map((line) => [line.key, line]));
  const firstIntent = new Map<number, number>();
  for (const { chunk, at } of readLines<IntentLine>(join(folder, 'intents.ndjson'))) {
    if (!firstIntent.has(chunk)) firstIntent.set(chunk, at);
  }
  const intended = plan.chunks.flatMap((chunk, at): IntendedJob[] => {
    const sentAt = firstIntent.get(at);
    if (sentAt === undefined) return [];
    return chunk.jobs.flatMap((job) => {
      const start = idStartOf(chunk, job.key);
      return (idsByStart.get(start) ?? [start]).map((id): IntendedJob => {
        const { queue, kind } = chunk;
        // A producer that was killed may have used the key again and not written that down.
        const before = cancelled.get(job.key);
        const reusedAt = reused.get(id) ?? (before?.id === id ? undefined : before?.at);
        const delayMs = reusedAt === undefined ? chunk.delayMs : 0;
        return { ...job, id, queue, kind, delayMs, sentAt: reusedAt ?? sentAt };
      });
    });
  });
  const stale = plan.faults.flatMap(({ kind }, index): IntendedJob[] => {
    if (kind !== 'stale-lease') return [];
    // The second job takes the place of the first, unless other faults came in between.
    return [stalePayload(index, 2), stalePayload(index, 1)]
      .flatMap((planned): IntendedJob[] => {
        const first = ledger.find(({ event, key }) => event === 'start' && key === planned.key);
        if (first === undefined) return [];
        return [{ ...planned, id: staleId(index), queue: QUEUES[0], kind: 'work', delayMs: 0, sentAt: first.at }];
      })
      .slice(0, 1);
  });
  // Another client added these.
  const added = stale.map(({ id, sentAt }): AcceptedLine => {
    return { chunk: -1, ids: [id], added: [id], sentAt, at: sentAt, wasRefused: false };
  });
  return { intended: [...intended, ...stale], accepted: [...accepted, ...added], cancels, reuses, ledger };
}
