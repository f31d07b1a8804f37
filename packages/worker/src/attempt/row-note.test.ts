import { type BullpenOpts, hashKey, readFailure, type Thrown } from '@bullpen/shared/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from './outcome.js';
import { failedRow, type RowEnd, rowNote, rowNoteArgs } from './row-note.js';

const error: Thrown = { name: 'Error', message: 'order 7 is gone', stack: 'Error\n  at x', code: 'E_GONE' };
const failures = ['failed', 'rejected', 'expired', 'crashed'] as const;
const completed = (result: unknown): Outcome => ({ kind: 'completed', result });

/** The end of row 7 in its third and last attempt. */
const endOf = (bullpen: BullpenOpts = {}, more: Partial<RowEnd> = {}): RowEnd => ({
  ...{ bullpen, row: 7, job: 'mail.send', json: () => '{"id":"order-7"}', attempt: 3, maxAttempts: 3 },
  ...more,
});

/** The record that is kept of a failed row. */
function recordOf(kind: (typeof failures)[number], more: Partial<RowEnd> = {}) {
  const note = rowNote({ kind, error }, endOf({}, more));
  const [reason] = note?.reason.split('\n') ?? [];
  return readFailure(`${reason}\n${note?.text}`);
}

describe('rowNote', () => {
  it('notes that a row completed, and nothing else', () => {
    expect(rowNote(completed({ sent: 1 }), endOf())).toEqual({
      ...{ row: 7, fate: 'completed', reason: '', text: '', key: '' },
    });
  });

  it.each(failures)('keeps why a row was %s, its payload, and how many attempts it had', (outcome) => {
    const attempts = outcome === 'expired' || outcome === 'crashed' ? 2 : 3;
    expect(recordOf(outcome)).toEqual({
      ...{ payload: { id: 'order-7' }, json: '{"id":"order-7"}', outcome, attempts, reason: 'Error: order … is gone' },
      error: { name: 'Error', message: 'order 7 is gone', stack: 'Error\n  at x' },
      failedAt: null,
    });
  });

  it('gives the error in whole behind the reason', () => {
    expect(rowNote({ kind: 'failed', error }, endOf())?.reason).toBe('Error: order … is gone\nError: order 7 is gone');
  });

  it('keeps the payload as it was enqueued, whatever it is', () => {
    for (const json of ['null', '"text"', '[1]', '{"nested":{"deep":[12345678901234567890, 1e400]}}']) {
      expect(recordOf('rejected', { json: () => json })).toMatchObject({ json, payload: JSON.parse(json) });
    }
    expect(recordOf('rejected', { json: () => undefined })).toMatchObject({ json: undefined, payload: undefined });
  });

  it('notes nothing for a failure that is retried, a snooze or an interruption', () => {
    const last = (attempt: number) => rowNote({ kind: 'failed', error }, endOf({}, { attempt }))?.fate;
    expect([last(1), last(2), last(3), last(4)]).toEqual([undefined, undefined, 'failed', 'failed']);
    expect(rowNote({ kind: 'snoozed', due: { at: 5 }, error }, endOf())).toBeUndefined();
    expect(rowNote({ kind: 'interrupted', reason: 'draining' }, endOf())).toBeUndefined();
  });

  it('notes that a row was cancelled', () => {
    expect(rowNote({ kind: 'cancelled', error }, endOf())).toMatchObject({ fate: 'cancelled', reason: '', text: '' });
  });

  it('frees the key of a row that failed or was cancelled, and keeps the key of a completed row', () => {
    const bullpen = { keyField: 'id' };
    const hash = hashKey('mail.send', 'order-7');
    for (const kind of ['cancelled', ...failures] as const) {
      expect(rowNote({ kind, error }, endOf(bullpen))?.key).toBe(hash);
    }
    expect(rowNote(completed(1), endOf(bullpen))?.key).toBe('');
  });

  it('frees no key when the payload has none', () => {
    for (const json of ['{}', 'null', '"text"', '{"id":""}', '{"id":{}}', undefined]) {
      expect(rowNote({ kind: 'rejected', error }, endOf({ keyField: 'id' }, { json: () => json }))?.key).toBe('');
    }
  });
});

describe('the result of a row', () => {
  const kept = (result: unknown) => rowNote(completed(result), endOf({ results: true }))?.text;

  it('is kept as JSON if the batch keeps results; undefined is kept as null', () => {
    expect([kept({ sent: 1 }), kept('text'), kept(0), kept(null), kept(undefined)]).toEqual([
      ...['{"sent":1}', '"text"', '0', 'null', 'null'],
    ]);
  });

  it('is kept up to 16 KiB; of a longer result only the length is kept', () => {
    expect(kept('x'.repeat(16 * 1_024 - 2))).toHaveLength(16 * 1_024);
    expect(kept('x'.repeat(16 * 1_024 - 1))).toBe('!16385');
  });

  it('has a bounded length for any result', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (result) => {
        expect(kept(result)?.length).toBeLessThanOrEqual(16 * 1_024);
      }),
      { examples: [['x'.repeat(1_000_000)]] },
    );
  });
});

describe('the arguments of a row note', () => {
  it('are five values, the fate as a number, whatever the texts contain', () => {
    expect(rowNoteArgs({ row: 7, fate: 'failed', reason: 'a', text: 'b', key: 'c' })).toEqual([7, 2, 'a', 'b', 'c']);
    expect(rowNoteArgs({ row: 7, fate: 'completed', reason: '', text: '', key: '' })).toEqual([7, 1, '', '', '']);
    expect(rowNoteArgs(failedRow('failed', { ...error, stack: undefined }, endOf()))).toHaveLength(5);
  });
});
