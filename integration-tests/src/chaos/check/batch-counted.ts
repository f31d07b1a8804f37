import { FATE } from '@bullpen/shared/internal';
import type { BatchFacts } from '../batch-facts.js';
import type { Facts } from '../facts.js';
import { allFaults, harmBetween } from './all-faults.js';
import { handlerRuns } from './handler-runs.js';
import { clock, convict, type Finding } from './violation.js';
import { wasStarved } from './waited.js';
import { cancelOf, isRow } from './with-rows.js';

/** A worker that nothing has hit hears of a cancelled batch within this time. */
const HEARD_MS = 1_500;

/**
 * The books of a batch count each row that was read once, and as it ended: completed, failed,
 * cancelled, a duplicate or rejected.
 */
export function batchIsCounted(facts: Facts): Finding {
  const { batch, restless } = facts;
  const begun = batch?.lines.find(({ event }) => event === 'begun');
  if (batch === undefined || begun === undefined || restless !== undefined) return convict('miscounted', []);
  // Nothing can be said of books that FLUSHALL removed.
  if (facts.faults.some(({ kind, endedAt }) => kind === 'redis-flush' && endedAt >= begun.at))
    return convict('miscounted', []);
  return convict('miscounted', [...wrongCounts(batch), ...rowsUnread(facts, batch)]);
}

function wrongCounts({ planned, lines, stored }: BatchFacts): string[] {
  const count = (name: string): number => Number(stored.books[name] ?? Number.NaN);
  const [read, open] = [count('read'), count('added') - count('completed') - count('failed') - count('cancelled')];
  const plan = planned.rows.slice(0, read);
  const planOf = (...hows: readonly string[]): number => plan.filter(({ how }) => hows.includes(how)).length;
  const fates = (fate: number): number => stored.fates.filter((one) => one === fate).length;
  const isCancelled = stored.books['cancelledAt'] !== undefined;
  const expected: [string, number, number][] = [
    ...(isCancelled ? [] : ([['read', read, planned.rows.length]] as [string, number, number][])),
    ['added', count('added'), planOf('job')],
    ['rejected', count('rejected'), planOf('invalid', 'broken')],
    ['duplicate', count('duplicate'), planOf('again')],
    ['open', open, 0],
    ['completed', count('completed'), fates(FATE.completed)],
    ['failed', count('failed'), fates(FATE.failed)],
    ['cancelled', count('cancelled'), fates(FATE.cancelled)],
    ['kept failures', Object.keys(stored.failures).length, fates(FATE.failed)],
  ];
  const totals = lines.find((line) => line.totals !== undefined)?.totals;
  for (const [name, said] of Object.entries(totals ?? {})) expected.push([`answered ${name}`, said, count(name)]);
  if (!isCancelled) expected.push(['cancelled', count('cancelled'), 0]);
  return expected.flatMap(([name, is, due]) => (is === due ? [] : [`the batch has ${name} ${is}, and not ${due}`]));
}

/** A row that was not read when its batch was cancelled is none. */
function rowsUnread(facts: Facts, { stored }: BatchFacts): string[] {
  const read = Number(stored.books['read'] ?? 0);
  const ran = new Set(handlerRuns(facts).flatMap(({ jobId }) => (isRow(jobId) ? [jobId] : [])));
  return [...ran].filter((id) => Number(id.split('-').at(-1)) > read).map((id) => `${id} ran, and was never added`);
}

/** No row of a cancelled batch starts in a worker that must have heard of it. */
export function cancelledRowsRest(facts: Facts): Finding {
  const cancel = facts.batch && cancelOf(facts.batch);
  if (cancel === undefined) return convict('cancelled in vain', []);
  const faults = allFaults(facts);
  return convict(
    'cancelled in vain',
    handlerRuns(facts).flatMap(({ jobId, pid, startedAt }) => {
      if (!isRow(jobId) || startedAt <= cancel.at + HEARD_MS) return [];
      if (harmBetween(faults, pid, cancel.sentAt, startedAt) !== undefined) return [];
      if (wasStarved(facts, pid, cancel.sentAt, startedAt)) return [];
      return [`${jobId} started in ${pid} at ${clock(startedAt)}; its batch was cancelled at ${clock(cancel.at)}`];
    }),
  );
}
