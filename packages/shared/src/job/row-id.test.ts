import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandRows, idForRow, MAX_ROWS, MAX_ROWS_PER_JOB, readRowKey, rowOfId } from './row-id.js';

describe('idForRow', () => {
  it('names batch and row, and is different for every row', () => {
    const anyBatch = fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/);
    const anyRow = fc.integer({ min: 1, max: 2 ** 31 });
    expect(idForRow('20260101T120000Z-ab12', 7)).toBe('b-20260101T120000Z-ab12-7');
    fc.assert(
      fc.property(anyBatch, anyRow, anyBatch, anyRow, (batch, row, otherBatch, otherRow) => {
        fc.pre(batch !== otherBatch || row !== otherRow);
        expect(idForRow(batch, row)).not.toBe(idForRow(otherBatch, otherRow));
      }),
      { examples: [['a', 11, 'a-1', 1]] },
    );
  });
});

describe('rowOfId', () => {
  it('finds the row of a job that holds one row, and none for a shared job', () => {
    expect(rowOfId('b1', idForRow('b1', 7))).toBe(7);
    expect(rowOfId('b1', 'b-b1-7_9')).toBeUndefined();
  });

  it('finds none in an id of another batch, of a job with a key, or of another client', () => {
    const others = [
      'b-b2-7',
      'b-b1-1-7',
      'b-b1-',
      'b-b1-x',
      'b-b1-07',
      'b-b1-7_',
      'b-b1-7_8_9',
      'k-order-1',
      'j-1',
      '7',
      '',
    ];
    for (const id of others) expect(rowOfId('b1', id)).toBeUndefined();
  });

  it('reads the right row when the name of the batch looks like an id', () => {
    expect(rowOfId('a-1', idForRow('a-1', 2))).toBe(2);
    expect(rowOfId('a', idForRow('a-1', 2))).toBeUndefined();
    expect(rowOfId('a_1', 'b-a_1-2')).toBe(2);
  });
});

describe('expandRows', () => {
  it('lists each row of the ranges, in order', () => {
    expect(expandRows([])).toEqual([]);
    expect(expandRows([5, 5])).toEqual([5]);
    expect(expandRows([1, 3, 7, 7, 9, 10])).toEqual([1, 2, 3, 7, 9, 10]);
  });

  it('finds no row in a range that ends before it begins', () => {
    expect(expandRows([3, 1, 4, 4])).toEqual([4]);
  });

  it('lists at most as many rows as a job can have, whatever the ranges say', () => {
    expect(expandRows([1, MAX_ROWS])).toHaveLength(MAX_ROWS_PER_JOB);
    expect(expandRows([1, 999, 5_000, 6_000]).at(-1)).toBe(5_000);
  });

  it('lists the rows that were packed into ranges, for any rows in order', () => {
    const anyRows = fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 200 });
    fc.assert(
      fc.property(anyRows, (unordered) => {
        const rows = unordered.sort((a, b) => a - b);
        const ranges = rows.reduce<number[]>((packed, row) => {
          if (packed.at(-1) === row - 1) packed[packed.length - 1] = row;
          else packed.push(row, row);
          return packed;
        }, []);
        expect(expandRows(ranges)).toEqual(rows);
      }),
    );
  });
});

describe('readRowKey', () => {
  it('reads text, and a number as its text', () => {
    expect(readRowKey({ id: 'order-1' }, 'id')).toEqual({ key: 'order-1' });
    expect(readRowKey({ id: 17 }, 'id')).toEqual({ key: '17' });
    expect(readRowKey({ id: 1.5 }, 'id')).toEqual({ key: '1.5' });
  });

  it.each([
    ['is absent', {}, 'the key field is absent'],
    ['is inherited', Object.create({ id: 'x' }), 'the key field is absent'],
    ['is empty', { id: '' }, 'expected 1 to 1000 characters, got 0'],
    ['is too long', { id: 'x'.repeat(1_001) }, 'expected 1 to 1000 characters, got 1001'],
    ['is null', { id: null }, 'expected text, got null'],
    ['is true', { id: true }, 'expected text, got boolean'],
    ['is too large to be exact', { id: 2 ** 53 }, 'too large to be exact; write it as text'],
    ['is read as infinite', JSON.parse('{"id":1e400}'), 'too large to be exact; write it as text'],
  ])('says what is wrong with a key that %s', (_, value, reason) => {
    expect(readRowKey(value, 'id')).toEqual({ reason });
  });

  it('finds no key in a value that is not an object', () => {
    for (const value of [undefined, null, 5, 'text', true]) {
      expect(readRowKey(value, 'length')).toEqual({ reason: 'the key field is absent' });
    }
  });
});
