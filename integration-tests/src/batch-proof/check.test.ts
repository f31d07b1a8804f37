import { FATE } from '@bullpen/shared/internal';
import { describe, expect, test } from 'vitest';
import { Random } from '../chaos/random.js';
import type { Facts, Stored } from './facts.js';
import type { RowLine } from './handlers.js';
import { check } from './judge.js';
import { ENDS, expectedCounts, planRows } from './rows.js';
import { SCENARIOS } from './scenario.js';

const ROWS = 2_000;
const PID = 4_711;
const plan = planRows(new Random(1), ROWS, { keyed: false, pad: 0 });
const rowOf = (kind: string): number => plan.kinds.indexOf(kind as never) + 1;
const counts = Object.fromEntries(Object.entries(expectedCounts(plan)).map(([name, count]) => [name, String(count)]));

const line = (row: number, event: RowLine['event'], attempt = 1, at = 1_000): RowLine => ({
  ...{ row, event, attempt, at, jobId: `b-x-${row}`, pid: PID },
});

const ledger = plan.kinds.flatMap((kind, at): RowLine[] => {
  const starts = ENDS[kind]?.starts ?? 0;
  return Array.from({ length: starts }, (_, made) => {
    const ends = ENDS[kind]?.fate === FATE.completed && made === starts - 1;
    return [line(at + 1, 'start', made + 1), line(at + 1, ends ? 'end' : 'threw', made + 1)];
  }).flat();
});
const added = plan.kinds.flatMap((kind, at) => (ENDS[kind] === undefined ? [] : [`b-x-${at + 1}`]));

const stored: Stored = {
  books: counts,
  fates: plan.kinds.map((kind) => ENDS[kind]?.fate ?? FATE.open),
  failures: expectedCounts(plan).failed,
  addedIds: added,
  splitAt: new Map(),
  addedJobs: added.length,
  counts: {
    queue: 'proof-rows',
    paused: false,
    waiting: 0,
    prioritized: 0,
    delayed: 0,
    active: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    failedTrimmed: 0,
    ...{ waitingChildren: 0, failedRows: 0 },
  },
  keys: ['batch:x', 'batch:x:failures', 'batch:x:fates', 'batch:x:reasons', 'batches', 'events', 'id', 'meta'],
  keysLater: undefined,
};

const life = { slot: 0, pid: PID, startedAt: 0, exitedAt: 2_000, code: 0, signal: null, sent: [], log: [] };
const killedAt = (at: number) => ({ ...life, exitedAt: at, signal: 'SIGKILL', sent: [{ signal: 'SIGKILL', at }] });
const scenarioOf = (name: string) => SCENARIOS.find((one) => one.name === name) as Facts['scenario'];

const sound: Facts = {
  ...{ scenario: scenarioOf('kills'), rowsPerJob: 1, plan, workers: [life], outages: [], ledger, stored },
  producers: [{ code: 65, report: expectedCounts(plan), kills: [], gaveUp: 0 }],
  restless: undefined,
};

const says = (facts: Partial<Facts>): string => check({ ...sound, ...facts }).violations.join('\n');
const holding = (more: Partial<Stored>): string => says({ stored: { ...stored, ...more } });

test('a sound run is clean', () => {
  expect(says({})).toBe('');
});

describe('the rules convict', () => {
  const good = rowOf('good');

  test('a row that was added twice, and a row that was not added', () => {
    expect(holding({ addedIds: [...added, `b-x-${good}`], addedJobs: added.length + 1 })).toContain(
      'was added 2 times',
    );
    expect(holding({ addedIds: added.slice(1), addedJobs: added.length - 1 })).toContain('was added 0 times');
  });

  test('books that count wrong, and a fate that was not planned', () => {
    expect(holding({ books: { ...counts, completed: '1' } })).toContain('the books have completed 1, planned were');
    const fates = stored.fates.with(rowOf('bad') - 1, FATE.completed);
    expect(holding({ fates })).toMatch(/bad, is completed and not failed/);
  });

  test('a row that ran again, and a row that never ran', () => {
    const again = [...ledger, line(good, 'start'), line(good, 'end')];
    expect(says({ ledger: again })).toContain('ran again, and nothing was killed under it');
    expect(says({ ledger: ledger.filter(({ row }) => row !== good) })).toContain('was not attempted a 1. time');
    expect(says({ ledger: [...ledger, line(rowOf('invalid'), 'start')] })).toContain('was not to be added');
  });

  test('a row that ran again although it ended long before its worker was killed; not the row in hand', () => {
    const again = [...ledger, line(good, 'start', 1, 9_000), line(good, 'end', 1, 9_000)];
    const scenario = scenarioOf('worker-kills');
    expect(says({ scenario, ledger: again, workers: [killedAt(1_100)] })).toBe('');
    expect(says({ scenario, ledger: again, workers: [killedAt(5_000)] })).toContain('ran again');
  });

  test('a row that ran again although a later row of its job had begun; not the last row begun, nor a row that had left the job', () => {
    expect(plan.kinds.slice(0, 2)).toEqual(['good', 'good']);
    const again = (row: number, at: number) => [line(row, 'start', 1, at), line(row, 'end', 1, at)];
    const elsewhere = (row: number) => again(row, 9_000).map((one) => ({ ...one, pid: PID + 1 }));
    // A worker that gets no answer from Redis begins nothing new, however long that takes.
    const facts = { scenario: scenarioOf('worker-kills'), workers: [killedAt(60_000)] };
    const shared = { ...stored, addedIds: ['b-x-1_2', ...added.slice(2)], addedJobs: added.length - 1 };
    expect(says({ ...facts, stored: shared, ledger: [...ledger, ...elsewhere(2)] })).toBe('');
    const both = [...ledger, ...elsewhere(1), ...elsewhere(2)];
    expect(says({ ...facts, stored: shared, ledger: both })).toContain('row 1 ran again, though row 2 was begun after');
    const left = { ...shared, splitAt: new Map([[2, 500]]) };
    const workers = [killedAt(1_100)];
    expect(says({ ...facts, workers, stored: left, ledger: both })).toBe('');
  });

  test('everything that is left: a job, a lock, a member of a list, books that do not expire', () => {
    expect(holding({ keys: [...stored.keys, 'b-x-7'] })).toContain('left on Redis: b-x-7');
    expect(holding({ keys: [...stored.keys, 'b-x-7:lock'] })).toContain('left on Redis: b-x-7:lock');
    expect(holding({ counts: { ...stored.counts, active: 1 } })).toContain('1 jobs are left active');
    expect(holding({ keysLater: ['batch:x:fates'] })).toContain('after the books expired: batch:x:fates');
  });
});
