import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchView, countOpen, divideOpen, isSettled, stageOf } from './batch-view.js';
import { type BatchBooks, readBooks } from './books.js';

const booksWith = (fields: Record<string, number>): BatchBooks =>
  readBooks('q', 'b', {
    job: 'j',
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])),
  }) as BatchBooks;

const viewOf = (fields: Record<string, number>, counted = { active: 0, delayed: 0, queued: 1 }): BatchView => {
  const books = booksWith(fields);
  return { ...books, stage: stageOf(books), ...divideOpen(books, counted), waits: undefined, reasons: [] };
};

describe('divideOpen', () => {
  it('adds up and is never negative, whatever was counted while workers went on', () => {
    const count = fc.nat(1_000);
    fc.assert(
      fc.property(count, count, count, count, count, fc.nat(2), (added, completed, failed, active, delayed, queued) => {
        const view = viewOf({ added, completed, failed }, { active, delayed, queued });
        const open = Math.max(0, added - completed - failed);
        expect(countOpen(view)).toBe(open);
        expect(view.waiting + view.active + view.delayed).toBe(open);
        expect(Math.min(view.waiting, view.active, view.delayed)).toBeGreaterThanOrEqual(0);
        expect(view.missing).toBe(queued === 0 ? view.waiting : 0);
      }),
    );
  });
});

describe('stageOf and isSettled', () => {
  it.each([
    ['reading', false, { added: 5, completed: 5 }],
    ['running', false, { added: 5, completed: 4, readAt: 1 }],
    ['settled', true, { added: 5, completed: 3, failed: 1, cancelled: 1, readAt: 1 }],
    ['settled', true, { added: 0, readAt: 1 }],
    ['cancelled', false, { added: 5, completed: 4, cancelledAt: 1 }],
    ['cancelled', true, { added: 5, completed: 4, cancelled: 1, cancelledAt: 1 }],
  ] as const)('stage %s, settled: %s', (stage, settled, fields) => {
    const view = viewOf(fields);
    expect(view.stage).toBe(stage);
    expect(isSettled(view)).toBe(settled);
  });

  it('is settled when only rows without jobs are open', () => {
    expect(isSettled(viewOf({ added: 5, completed: 4, readAt: 1 }, { active: 0, delayed: 0, queued: 0 }))).toBe(true);
  });
});
