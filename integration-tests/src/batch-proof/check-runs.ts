import { idForRow } from '@bullpen/shared/internal';
import type { Facts } from './facts.js';
import type { RowLine } from './handlers.js';
import { BATCH } from './job.js';
import { checkRepeats, repeatsOf } from './repeats.js';
import { ENDS, type RowKind } from './rows.js';

/** What the ledger shows. */
export interface Runs {
  readonly wrong: readonly string[];
  /** How many rows started once more, and how many ended once more, because of a kill. */
  readonly startedAgain: number;
  readonly completedAgain: number;
}

/**
 * Each row that was added ran as often as planned; more often only where a worker or Redis was
 * killed while the row was in hand. A row that was not added never ran.
 */
export function checkRuns(facts: Facts): Runs {
  const byRow = groupByRow(facts.ledger);
  const wrong: string[] = [];
  const repeats = [];
  let [startedAgain, completedAgain] = [0, 0];
  for (const [at, kind] of facts.plan.kinds.entries()) {
    const lines = byRow.get(at + 1) ?? [];
    byRow.delete(at + 1);
    const fault = faultOf(kind, at + 1, lines);
    if (fault !== undefined) wrong.push(`row ${at + 1}, ${kind}, ${fault}: ${tell(lines)}`);
    const own = repeatsOf(lines);
    repeats.push(...own);
    if (own.length > 0) startedAgain += 1;
    if (lines.filter(({ event }) => event === 'end').length > 1) completedAgain += 1;
  }
  for (const [row, lines] of byRow) wrong.push(`row ${row}, which there is not, ran: ${tell(lines)}`);
  return { wrong: [...wrong, ...checkRepeats(repeats, facts)], startedAgain, completedAgain };
}

/** What is wrong with the runs of a row, repeats aside. */
function faultOf(kind: RowKind, row: number, lines: readonly RowLine[]): string | undefined {
  const planned = ENDS[kind];
  if (planned === undefined) return lines.length > 0 ? 'ran though it was not to be added' : undefined;
  if (lines.some(({ jobId }) => jobId !== idForRow(BATCH, row))) return "was given another row's payload";
  const attempts = new Set(lines.filter(({ event }) => event === 'start').map(({ attempt }) => attempt));
  for (let attempt = 1; attempt <= planned.starts; attempt += 1) {
    if (!attempts.delete(attempt)) return `was not attempted a ${attempt}. time`;
  }
  if (attempts.size > 0) return 'was attempted once more than it may fail';
  const mustComplete = kind === 'good' || kind === 'flaky';
  const completed = lines.some(({ event }) => event === 'end');
  return completed === mustComplete ? undefined : 'did not end as planned';
}

const tell = (lines: readonly RowLine[]): string =>
  lines.map(({ event, attempt, pid, at }) => `${event} of attempt ${attempt} in ${pid} at ${at}`).join(', ');

function groupByRow(ledger: readonly RowLine[]): Map<number, RowLine[]> {
  const byRow = new Map<number, RowLine[]>();
  for (const line of ledger) {
    const lines = byRow.get(line.row);
    if (lines === undefined) byRow.set(line.row, [line]);
    else lines.push(line);
  }
  return byRow;
}
