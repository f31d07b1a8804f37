import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expandRows,
  idForKey,
  idForRow,
  keyFault,
  MAX_ROWS,
  MAX_ROWS_PER_JOB,
  newId,
  readBullpenOpts,
  readRowKey,
  rowOfId,
} from './bullpen-opts.js';

/** Any text JavaScript can hold, halves of surrogate pairs included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
);
const anyJobName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,30}$/);

const HOSTILE_KEYS = [
  ...['active', 'wait', 'id', 'meta', 'events', 'marker', '0', '1', '-1', '1:2:3', ':', '*', ' ', '\0', '\n', '{x}'],
  ...[
    'k-active',
    '😀',
    'ключ',
    'é',
    'e\u0301',
    '\ufeff',
    '\ud83d',
    '\ude00',
    '\ud800',
    '\udfff',
    '\ufffd',
    '\ufffd\ufffd',
  ],
  ...['x'.repeat(1_000), 'x'.repeat(999), '_', '__', 'a_b', 'a b', 'a.b', 'A', 'a'],
];

describe('idForKey', () => {
  it('gives the same job and key the same id, in every release', () => {
    expect(idForKey('mail.send', 'order-1')).toBe(idForKey('mail.send', 'order-1'));
    expect(idForKey('mail.send', 'order-1')).toBe('k-order-1-HgpKGLxQlAf_geXXpkaVY6');
  });

  it('keeps the readable part of the key for people, and not more of it than they can read', () => {
    expect(idForKey('mail.send', 'Order 17/é: paid')).toMatch(/^k-Order_17_paid-[A-Za-z0-9_-]{22}$/);
    expect(idForKey('mail.send', 'x'.repeat(1_000))).toMatch(/^k-x{40}-[A-Za-z0-9_-]{22}$/);
  });

  it('is an id BullMQ takes for nothing else, whatever the key', () => {
    fc.assert(
      fc.property(anyJobName, anyText, (name, key) => {
        expect(idForKey(name, key)).toMatch(/^k-[A-Za-z0-9_-]{0,40}-[A-Za-z0-9_-]{22}$/);
        expect(idForKey(name, key)).not.toMatch(/^\d+$/);
      }),
      { examples: HOSTILE_KEYS.map((key) => ['mail.send', key]) },
    );
  });

  it('tells every two of the hostile keys apart, lone surrogates among them', () => {
    expect(new Set(HOSTILE_KEYS.map((key) => idForKey('mail.send', key))).size).toBe(HOSTILE_KEYS.length);
  });

  it('gives different keys different ids', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        fc.pre(one !== other);
        expect(idForKey('mail.send', one)).not.toBe(idForKey('mail.send', other));
      }),
    );
  });

  it('gives every two of the 2,048 lone surrogates different ids', () => {
    const ids = Array.from({ length: 2_048 }, (_, at) => idForKey('mail.send', String.fromCharCode(0xd800 + at)));
    expect(new Set(ids).size).toBe(2_048);
  });

  it('gives the same key under different job names different ids', () => {
    fc.assert(
      fc.property(anyJobName, anyJobName, anyText, (one, other, key) => {
        fc.pre(one !== other);
        expect(idForKey(one, key)).not.toBe(idForKey(other, key));
      }),
    );
  });

  it('does not confuse the end of the name with the beginning of the key', () => {
    expect(idForKey('mail', 'send')).not.toBe(idForKey('mails', 'end'));
  });
});

describe('idForRow', () => {
  it('names batch and row, and never two rows alike', () => {
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
  it('finds the row of a job that carries it alone, and none in that of several', () => {
    expect(rowOfId('b1', idForRow('b1', 7))).toBe(7);
    expect(rowOfId('b1', 'b-b1-7_9')).toBeUndefined();
  });

  it('finds none in the id of another batch, of a keyed job, or of nothing of ours', () => {
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

  it('is not led astray by the name of a batch that looks like an id', () => {
    expect(rowOfId('a-1', idForRow('a-1', 2))).toBe(2);
    expect(rowOfId('a', idForRow('a-1', 2))).toBeUndefined();
    expect(rowOfId('a_1', 'b-a_1-2')).toBe(2);
  });
});

describe('expandRows', () => {
  it('names each row of the ranges, in their order', () => {
    expect(expandRows([])).toEqual([]);
    expect(expandRows([5, 5])).toEqual([5]);
    expect(expandRows([1, 3, 7, 7, 9, 10])).toEqual([1, 2, 3, 7, 9, 10]);
  });

  it('finds none in a range that ends before it begins', () => {
    expect(expandRows([3, 1, 4, 4])).toEqual([4]);
  });

  it('ends where a job does, whatever somebody wrote there', () => {
    expect(expandRows([1, MAX_ROWS])).toHaveLength(MAX_ROWS_PER_JOB);
    expect(expandRows([1, 999, 5_000, 6_000]).at(-1)).toBe(5_000);
  });

  it('gives back what was packed, for any rows in order', () => {
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
    ['is null', { id: null }, 'expected text, got object'],
    ['is true', { id: true }, 'expected text, got boolean'],
    ['is too large to be exact', { id: 2 ** 53 }, 'too large to be exact; write it as text'],
  ])('says what is wrong with a key that %s', (_, value, reason) => {
    expect(readRowKey(value, 'id')).toEqual({ reason });
  });

  it('finds none in what is no object', () => {
    for (const value of [undefined, null, 5, 'text', true]) {
      expect(readRowKey(value, 'length')).toEqual({ reason: 'the key field is absent' });
    }
  });
});

describe('keyFault', () => {
  it('finds nothing wrong with nearly any text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        expect(keyFault(key)).toBeUndefined();
      }),
      { examples: [['active'], ['1:2:3'], [' '], ['\ud800'], ['😀'.repeat(500)]] },
    );
  });
});

describe('newId', () => {
  it('is new each time, and an id BullMQ takes for nothing else', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^j-[0-9a-f-]{36}$/);
  });
});

describe('readBullpenOpts', () => {
  it('reads what Bullpen wrote, past everything else in the opts', () => {
    const ofRows = { rows: [3, 5, 9, 9], keyField: 'id', results: true };
    const bullpen = { expiresAt: 1_900_000_000_000, batch: 'b1', enqueue: 'e1', ...ofRows };
    expect(readBullpenOpts({ attempts: 3, jobId: 'x', bullpen: { ...bullpen, later: 'unknown' } })).toEqual(bullpen);
  });

  it('finds nothing where no Bullpen was', () => {
    for (const opts of [undefined, null, {}, { bullpen: null }, { bullpen: 'yes' }, 'bullpen', 5, []]) {
      expect(readBullpenOpts(opts)).toEqual({});
    }
  });

  it('takes each field of the wrong type as absent, and keeps the others', () => {
    const wrong = { expiresAt: '2030-01-01', batch: 5, enqueue: null };
    expect(readBullpenOpts({ bullpen: wrong })).toEqual({});
    expect(readBullpenOpts({ bullpen: { ...wrong, rows: [2, 3] } })).toEqual({ rows: [2, 3] });
    for (const row of [-1, 1.5, 2 ** 53, MAX_ROWS + 1, Number.NaN, '1']) {
      expect(readBullpenOpts({ bullpen: { rows: [row, row] } })).toEqual({});
    }
    for (const batch of ['', 'a:b', 'x'.repeat(101)]) expect(readBullpenOpts({ bullpen: { batch } })).toEqual({});
    for (const rows of ['1', [1], [1, 2, 3], [0, 1], [1, '2'], [1, MAX_ROWS + 1], {}]) {
      expect(readBullpenOpts({ bullpen: { rows } })).toEqual({});
    }
    for (const results of [1, 'true', false]) expect(readBullpenOpts({ bullpen: { results } })).toEqual({});
    expect(readBullpenOpts({ bullpen: { keyField: 5 } })).toEqual({});
  });

  it('reads which fields of a job were not JSON', () => {
    const read = (malformed: unknown) => readBullpenOpts({ bullpen: { malformed } });
    expect(read({ data: '{', opts: '' })).toEqual({ malformed: ['data', 'opts'] });
    for (const wrong of [undefined, null, 'data', true]) expect(read(wrong)).toEqual({});
  });

  it('takes an expiry that no clock can reach as absent', () => {
    for (const expiresAt of [1e300, -1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(readBullpenOpts({ bullpen: { expiresAt } })).toEqual({});
    }
  });

  it('never throws, and never answers with more than its seven fields, whatever it finds', () => {
    const anyOpts = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.record({ bullpen: fc.anything({ withNullPrototype: true }) }),
      fc.record({
        bullpen: fc.record(
          {
            ...{ expiresAt: fc.anything(), batch: fc.anything(), row: fc.anything(), enqueue: fc.anything() },
            ...{ rows: fc.anything(), keyField: fc.anything(), results: fc.anything() },
            malformed: fc.anything(),
          },
          { requiredKeys: [] },
        ),
      }),
    );
    fc.assert(
      fc.property(anyOpts, (opts) => {
        const { expiresAt, batch, enqueue, malformed, ...more } = readBullpenOpts(opts);
        const { rows = [], keyField = '', results = true, ...rest } = more;
        expect(rest).toEqual({});
        expect([typeof keyField, results]).toEqual(['string', true]);
        expect(expandRows(rows).length).toBeLessThanOrEqual(MAX_ROWS_PER_JOB);
        expect(['number', 'undefined']).toContain(typeof expiresAt);
        expect([typeof batch, typeof enqueue].every((type) => type === 'string' || type === 'undefined')).toBe(true);
        if (expiresAt !== undefined) expect(() => new Date(expiresAt).toISOString()).not.toThrow();
      }),
    );
  });
});
