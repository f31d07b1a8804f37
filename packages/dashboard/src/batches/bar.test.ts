import { describe, expect, it } from 'vitest';
import { books, view } from '../../test/some-batch.js';
import { bar, countsOfBooks, countsOfView } from './bar.js';

const pieces = (svg: string) =>
  [...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" width="([\d.]+)"/g)].map(([, name, x, width]) => ({
    ...{ name, x: Number(x), width: Number(width) },
  }));

describe('bar', () => {
  it('has one part for each fate or state, as wide as its share of the rows', () => {
    const counts = countsOfView(view({ completed: 50, failed: 25, active: 5, delayed: 5, waiting: 15 }));
    expect(pieces(bar(counts))).toEqual([
      { name: 'completed', x: 0, width: 500 },
      { name: 'failed', x: 500, width: 250 },
      { name: 'active', x: 750, width: 50 },
      { name: 'delayed', x: 800, width: 50 },
      { name: 'waiting', x: 850, width: 150 },
    ]);
  });

  it('shows one failed row of a million, and stays as wide as before', () => {
    const [completed, failed] = pieces(bar(countsOfBooks(books({ added: 1_000_000, completed: 999_999, failed: 1 }))));
    expect(failed?.width).toBeGreaterThan(3);
    expect((completed?.width ?? 0) + (failed?.width ?? 0)).toBeCloseTo(1_000, 1);
    expect(failed?.x).toBeCloseTo(completed?.width ?? 0, 1);
  });

  it('has its counts as text', () => {
    expect(bar(countsOfBooks(books({ added: 12_000, completed: 11_000 })))).toContain(
      'aria-label="completed 11,000, waiting 1,000"',
    );
    const empty = bar(countsOfBooks(books({ added: 0 })));
    expect([pieces(empty), empty]).toEqual([[], expect.stringContaining('no rows yet')]);
  });
});
