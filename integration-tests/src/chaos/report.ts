import Table from 'cli-table3';
import { allFaults } from './check/all-faults.js';
import { countBy } from './check/count-by.js';
import type { Explained, Violation } from './check/violation.js';
import { acceptedIds, type Facts } from './facts.js';
import { openRuns } from './ledger.js';

/** One run, judged. */
export interface JudgedRun {
  readonly seed: number;
  readonly durationMs: number;
  /** Where its files are; removed when it was clean. */
  readonly folder: string;
  readonly facts: Facts;
  readonly violations: readonly Violation[];
  readonly explained: readonly Explained[];
}

/**
 * The numbers of a run that the table sums up. The facts are not kept: five hundred runs of them
 * take too much memory.
 */
export interface RunNumbers {
  readonly jobs: Counts;
  readonly faults: Counts;
  readonly explained: Counts;
  readonly violations: Counts;
}

type Counts = Readonly<Record<string, number>>;

export function numbersOf({ facts, violations, explained }: JudgedRun): RunNumbers {
  const { stored, lives, ledger, cancels, batch } = facts;
  const rows = (name: string): number => Number(batch?.stored.books[name] ?? 0);
  const settled = (place: string) => stored.filter(({ places }) => places.includes(place)).length;
  return {
    jobs: {
      'jobs accepted': acceptedIds(facts).size,
      'jobs completed': settled('completed'),
      'jobs failed, as planned': settled('failed'),
      'rows of batches added': rows('added'),
      'rows completed': rows('completed'),
      'rows failed, as planned': rows('failed'),
      'rows cancelled': rows('cancelled'),
      'rows rejected or duplicate': rows('rejected') + rows('duplicate'),
      'handlers started': ledger.filter(({ event }) => event === 'start').length,
      'handlers ended': ledger.filter(({ event }) => event === 'end').length,
      'worker processes': lives.length,
      'faults upon a worker at work': facts.faults.filter(({ pid, startedAt }) => {
        return pid !== undefined && openRuns(ledger, pid, startedAt) > 0;
      }).length,
      ...countBy(cancels, ({ answer }) => `cancellations answered '${answer}'`),
      ...countBy(lives, ({ signal, code }) => `worker exits with ${signal ?? code}`),
    },
    faults: countBy(allFaults(facts), ({ kind }) => kind),
    explained: countBy(explained, ({ kind, because }) => `${kind}: ${because}`),
    violations: countBy(violations, ({ kind }) => kind),
  };
}

/** One run in a line. */
export function describe(run: JudgedRun): string {
  const { jobs, faults } = numbersOf(run);
  const parts = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  const twice = run.explained.filter(({ kind }) => kind === 'ended twice').length;
  const verdict = run.violations.length === 0 ? 'clean' : `${run.violations.length} VIOLATIONS`;
  return [
    `seed ${run.seed}`,
    `${(run.durationMs / 1000).toFixed(1)} s`,
    `${jobs['jobs accepted']} jobs, ${jobs['jobs completed']} completed, ${jobs['jobs failed, as planned']} failed`,
    ...(run.facts.batch === undefined
      ? []
      : [`${jobs['rows of batches added']} rows, ${jobs['rows cancelled']} cancelled`]),
    `${jobs['handlers ended']} ends, ${twice} twice`,
    parts.join(', '),
    verdict,
  ].join(' · ');
}

/** A line between every two rows makes a table twice as long and no clearer. */
const WITHOUT_LINES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** All runs in a table. */
export function summarize(runs: readonly RunNumbers[]): string {
  const table = new Table({
    head: ['', ''],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
    chars: WITHOUT_LINES,
  });
  for (const part of ['jobs', 'faults', 'explained', 'violations'] as const) {
    const title = { jobs: 'runs', faults: 'faults', explained: 'twice, with a reason', violations: 'violations' }[part];
    table.push([title.toUpperCase(), part === 'jobs' ? runs.length : '']);
    const sums = new Map<string, number>();
    for (const run of runs) {
      for (const [name, count] of Object.entries(run[part])) sums.set(name, (sums.get(name) ?? 0) + count);
    }
    for (const [name, count] of sums) table.push([`  ${name}`, count.toLocaleString('en-US')]);
    if (sums.size === 0) table.push(['  none', 0]);
  }
  return table.toString();
}
