import { describe, expect, test } from 'vitest';
import type { BatchFacts, StoredBatch } from '../batch-facts.js';
import type { BatchLine } from '../batch-lines.js';
import type { Facts } from '../facts.js';
import type { PlannedBatch, PlannedRow } from '../planned.js';
import { check } from './check.js';
import { at, history, life, ran, readyLine, stoppedLine, toldLine } from './history.js';
import type { ViolationKind } from './violation.js';

const row = (key: string, more: Partial<PlannedRow> = {}): PlannedRow => ({
  ...{ key, ms: 10, heed: true, throws: 0, blockMs: 0, how: 'job' },
  ...more,
});

/** One row completes at its second attempt, one fails, one is a duplicate, one is rejected. */
const planned: PlannedBatch = {
  ...{ atMs: 0, queue: 'q', priority: 0, rowsPerJob: 1, isKeyed: true, maxWaiting: 10, cancelAfter: undefined },
  rows: [
    row('r1', { throws: 1 }),
    row('r2', { throws: 4 }),
    row('r1', { how: 'again' }),
    row('r4', { how: 'invalid' }),
  ],
};
const totals = { read: 4, added: 2, duplicate: 1, rejected: 1 };
const lines: readonly BatchLine[] = [
  { event: 'begun', at: at(0.5) },
  { event: 'enqueued', at: at(0.7), totals },
];
const books = { read: '4', added: '2', duplicate: '1', rejected: '1', completed: '1', failed: '1', cancelled: '0' };
const storedBatch: StoredBatch = {
  ...{ books, fates: [1, 2, 0, 0], results: { 1: { run: 'r1-2' } } },
  failures: { 2: { reason: 'Error: planned failure 4', attempts: 4 } },
};
const attempts = (id: string, name: string, threw: number, end?: number) => [
  ...Array.from({ length: threw }, (_, made) =>
    ran(`${name}-${made + 1}`, {
      jobId: id,
      key: name,
      attempt: made + 1,
      from: 2 + made,
      to: 2.1 + made,
      how: 'threw',
    }),
  ).flat(),
  ...(end === undefined
    ? []
    : ran(`${name}-${threw + 1}`, { jobId: id, key: name, attempt: threw + 1, from: end, to: end + 0.1 })),
];
const ledger = [...history().ledger, ...attempts('b-rows-1', 'r1', 1, 3), ...attempts('b-rows-2', 'r2', 4)];
const counting = (completed: number, failed: number) => {
  return life(1, { log: [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { completed, failed })] });
};

/** A run of one job and that batch. */
const sound: Partial<Facts> = { batch: { planned, lines, stored: storedBatch }, ledger, lives: [counting(2, 5)] };

/** The same, with these parts of the batch as they are given. */
const withBatch = (more: { readonly stored?: Partial<StoredBatch> } & Partial<Omit<BatchFacts, 'stored'>>) => {
  const { stored, ...others } = more;
  return { ...sound, batch: { planned, lines, ...others, stored: { ...storedBatch, ...stored } } };
};

const verdict = (facts: Partial<Facts>, kind: ViolationKind): string => {
  const { violations } = check(history(facts));
  const found = violations.filter((violation) => violation.kind === kind).map(({ says }) => says);
  return found.join('\n') || JSON.stringify(violations);
};

/** The batch was cancelled at 1.5, when its second row had not begun; it began later, or never. */
const cancelled = (startedAt?: number): Partial<Facts> => ({
  ...withBatch({
    lines: [...lines, { event: 'cancelling', at: at(1.4) }, { event: 'cancelled', at: at(1.5), found: 'open' }],
    stored: {
      ...{ fates: [1, 3, 0, 0], failures: {}, books: { ...books, failed: '0', cancelled: '1', cancelledAt: '1' } },
    },
  }),
  ledger: [
    ...history().ledger,
    ...attempts('b-rows-1', 'r1', 1, 3),
    ...(startedAt === undefined
      ? []
      : ran('r2-1', { jobId: 'b-rows-2', key: 'r2', from: startedAt, to: startedAt + 0.1 })),
  ],
  lives: [counting(2 + (startedAt === undefined ? 0 : 1), 1)],
});

describe('a batch', () => {
  test('that is counted as it ended is acquitted', () => {
    expect(check(history(sound)).violations).toEqual([]);
  });

  test('that counts a row twice is convicted', () => {
    const twice = withBatch({ stored: { books: { ...books, completed: '2' } } });
    expect(verdict(twice, 'miscounted')).toMatch(/the batch has open -1, and not 0[\s\S]*completed 2, and not 1/);
  });

  test('that calls a row settled that it lost is convicted', () => {
    expect(verdict(withBatch({ stored: { fates: [0, 2, 0, 0] } }), 'lost')).toMatch(/b-rows-1 .* is still open/);
  });

  test('that was not read to its end is convicted', () => {
    const cut = withBatch({ stored: { books: { ...books, read: '3', rejected: '0' } } });
    expect(verdict(cut, 'miscounted')).toMatch(/the batch has read 3, and not 4/);
  });

  test('that answers other counts than its books have is convicted', () => {
    const [begun] = lines as [BatchLine];
    const said = withBatch({ lines: [begun, { event: 'enqueued', at: at(0.7), totals: { ...totals, added: 3 } }] });
    expect(verdict(said, 'miscounted')).toMatch(/the batch has answered added 3, and not 2/);
  });

  test('whose rejected row or duplicate ran is convicted', () => {
    const run = { ...sound, ledger: [...ledger, ...ran('x', { jobId: 'b-rows-4', key: 'r4', from: 5, to: 5.1 })] };
    expect(verdict(run, 'phantom')).toMatch(/b-rows-4 ran and was never intended/);
  });

  test('whose row is completed with the result of a run that did not end is convicted', () => {
    expect(verdict(withBatch({ stored: { results: { 1: { run: 'r1-1' } } } }), 'phantom')).toMatch(
      /b-rows-1 was completed with the result of a run that did not end/,
    );
  });

  test('of which a row ran again, though nothing had hit it, is convicted', () => {
    const again = {
      ...sound,
      ledger: [...ledger, ...ran('x', { jobId: 'b-rows-1', key: 'r1', attempt: 2, from: 5, to: 5.1 })],
    };
    expect(verdict(again, 'ended twice')).toMatch(/b-rows-1: attempt 2/);
  });

  test('that was cancelled is acquitted when none of its rows starts, and convicted when one does', () => {
    expect(check(history(cancelled())).violations).toEqual([]);
    expect(verdict(cancelled(4), 'cancelled in vain')).toMatch(
      /b-rows-2 started in 1 at .*; its batch was cancelled at/,
    );
  });

  test('of which FLUSHALL removed the books is not judged', () => {
    const gone: Partial<Facts> = {
      ...withBatch({ stored: { books: {}, fates: [0, 0, 0, 0], results: {}, failures: {} } }),
      faults: [{ kind: 'redis-flush', startedAt: at(0.6), endedAt: at(0.6) }],
    };
    expect(check(history(gone)).violations.filter(({ says }) => /batch|rows/.test(says))).toEqual([]);
  });

  test('of which FLUSHALL removed the books may have been cancelled before', () => {
    const aborted = ran('r1-1', {
      jobId: 'b-rows-1',
      key: 'r1',
      from: 1.2,
      to: 1.6,
      aborted: 1.5,
      reason: 'JobCancelled',
    });
    const gone: Partial<Facts> = {
      ...withBatch({
        lines: cancelled().batch?.lines ?? [],
        stored: { books: {}, fates: [0, 0, 0, 0], results: {}, failures: {} },
      }),
      ledger: [...history().ledger, ...aborted],
      faults: [{ kind: 'redis-flush', startedAt: at(1.9), endedAt: at(1.9) }],
    };
    const alarms = (facts: Partial<Facts>) => check(history(facts)).violations.filter(({ kind }) => kind === 'alarmed');
    expect(alarms(gone)).toEqual([]);
    expect(alarms({ ...withBatch({}), ledger: [...history().ledger, ...aborted] })).toHaveLength(1);
  });
});
