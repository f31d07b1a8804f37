import { FATE, idForRow } from '@bullpen/shared/internal';
import type { BatchFacts } from '../batch-facts.js';
import type { Facts, IntendedJob } from '../facts.js';
import { BATCH } from '../planned.js';
import type { CancelLine } from '../producer-lines.js';
import type { StoredJob } from '../snapshot.js';

/** Whether an id is one of a row. */
export const isRow = (id: string): boolean => id.startsWith(`b-${BATCH}-`);

/**
 * The facts with the rows of the batch among the jobs, so that the rules for jobs judge them, too. A
 * row that was added is accepted; what the books keep of it is what Redis has stored of it; and a
 * cancelled batch is a call of cancel for each row.
 */
export function withRows(facts: Facts): Facts {
  const { batch } = facts;
  const begun = batch?.lines.find(({ event }) => event === 'begun');
  if (batch === undefined || begun === undefined) return facts;
  const rows = intendedRows(batch, begun.at);
  const added = rows.filter(({ row }) => row <= Number(batch.stored.books['read'] ?? 0));
  const ids = added.map(({ job }) => job.id);
  const enqueued = batch.lines.find(({ event }) => event === 'enqueued');
  const accepted = { chunk: -1, ids, added: ids, sentAt: begun.at, wasRefused: false };
  return {
    ...facts,
    intended: [...facts.intended, ...rows.map(({ job }) => job)],
    accepted: enqueued === undefined ? facts.accepted : [...facts.accepted, { ...accepted, at: enqueued.at }],
    // Of a batch whose books FLUSHALL took, nobody knows which rows were added.
    cancels: [...facts.cancels, ...cancelsOf(batch, batch.stored.books['read'] === undefined ? rows : added)],
    stored: [...facts.stored, ...added.map((one) => storedRow(one, batch, facts))],
  };
}

interface Row {
  readonly row: number;
  readonly job: IntendedJob;
}

function intendedRows({ planned: { queue, rows } }: BatchFacts, sentAt: number): Row[] {
  return rows.flatMap(({ how, ...job }, at): Row[] => {
    if (how !== 'job') return [];
    const id = idForRow(BATCH, at + 1);
    return [{ row: at + 1, job: { ...job, id, queue, kind: 'work', delayMs: 0, sentAt } }];
  });
}

/** The call that cancelled the batch; undefined when there was none, or it found nothing to do. */
export function cancelOf({ lines }: BatchFacts): Omit<CancelLine, 'key' | 'id'> | undefined {
  const [asked, answered] = [lines.find(({ event }) => event === 'cancelling'), lines.find(({ found }) => found)];
  if (asked === undefined || answered === undefined) return undefined;
  const isDone = answered.found === 'open' || answered.found === 'cancelled';
  return isDone ? { sentAt: asked.at, at: answered.at, answer: 'requested' } : undefined;
}

function cancelsOf(batch: BatchFacts, rows: readonly Row[]): CancelLine[] {
  const cancel = cancelOf(batch);
  return cancel === undefined ? [] : rows.map(({ job: { id, key } }) => ({ ...cancel, id, key }));
}

const PLACES: Readonly<Record<number, string>> = {
  [FATE.open]: 'open',
  [FATE.completed]: 'completed',
  [FATE.failed]: 'failed',
  [FATE.cancelled]: 'failed',
};

/** The job of a row is removed when it is settled; the books have its fate. */
function storedRow({ row, job: { id, key, queue } }: Row, { stored }: BatchFacts, { ledger }: Facts): StoredJob {
  const fate = stored.fates[row - 1] ?? FATE.open;
  const [result, failure] = [stored.results[row], stored.failures[row]];
  const { run } = (result ?? {}) as { readonly run?: string };
  // The result says which run it is of. Nobody keeps how often a cancelled row was attempted.
  const starts = ledger.filter((line) => line.event === 'start' && line.jobId === id);
  const known = run === undefined ? starts : starts.filter((line) => line.run === run);
  const attempt = Math.max(0, ...known.map((line) => line.attempt ?? 0));
  return {
    ...{ id, key, queue, places: [PLACES[fate] ?? ''], result, crashes: 0, finishedOn: undefined },
    attemptsMade: failure?.attempts ?? attempt,
    failedReason: fate === FATE.cancelled ? 'JobCancelled: with its batch' : failure?.reason,
  };
}
