import { describe, expect, it } from 'vitest';
import { readRejections, reasonOfRejection, tallyRejections } from './rejections.js';

describe('the reason of a rejection', () => {
  it('names every fault, without what differs from row to row', () => {
    const faults = [
      { path: 'amount', reason: 'Invalid input: expected number, received string' },
      { path: 'id', reason: "must be a uuid (was 'x1')" },
    ];
    expect(reasonOfRejection(faults)).toBe(
      'amount: Invalid input: expected number, received string; id: must be a uuid (was …)',
    );
    expect(reasonOfRejection([{ path: '', reason: 'not JSON' }])).toBe('not JSON');
  });

  it('is counted, beyond twenty reasons as one', () => {
    const reasons = Array.from({ length: 50 }, (_, at) => `reason ${'x'.repeat(at % 25)}`);
    const tally = tallyRejections(reasons);
    expect([tally.size, tally.get('reason '), tally.get('(other reasons)')]).toEqual([21, 2, 10]);
  });

  it('is read from the books, the most frequent first', () => {
    const hash = { rejected: '7', rejectReasons: '2', 'rejected for a': '2', 'rejected for b: c': '5' };
    expect(readRejections(hash)).toEqual([
      { reason: 'b: c', count: 5 },
      { reason: 'a', count: 2 },
    ]);
  });
});
