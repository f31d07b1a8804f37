import { describe, expect, it } from 'vitest';
import type { BatchView } from '../../books/batch-view.js';
import { countsLines, pipeLine } from './watch-lines.js';

const counts = { waiting: 84_815, active: 50, delayed: 0, completed: 33_000, failed: 2_105, cancelled: 0, missing: 0 };
const view = { ...counts, name: 'november', stage: 'running', added: 119_970, read: 120_000 } as BatchView;

describe('the counts', () => {
  it('are one line where there is room', () => {
    expect(countsLines(view, 100)).toEqual([
      'waiting 84,815  active 50  delayed 0  completed 33,000  failed 2,105  cancelled 0',
    ]);
  });

  it('are as many lines as a narrow terminal needs: none of them is cut off', () => {
    expect(countsLines(view, 40)).toEqual([
      'waiting 84,815  active 50  delayed 0',
      'completed 33,000  failed 2,105',
      'cancelled 0',
    ]);
    expect(countsLines(view, 1)).toHaveLength(6);
  });

  it('are one line in a pipe, with all the rest', () => {
    const line = pipeLine({ view, done: 35_105, perSecond: 2_833.6, secondsLeft: 30, standstill: undefined });
    expect(line).toMatch(
      /^batch november: 35,105 of 119,970 settled {2}2,834\/s {2}ETA 30s {2}waiting .* cancelled 0$/,
    );
  });
});
