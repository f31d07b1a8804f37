import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idForKey, idForRow, newId, readBullpenOpts } from './job-opts.js';

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

describe('newId', () => {
  it('is new each time, and an id BullMQ takes for nothing else', () => {
    const ids = Array.from({ length: 100 }, newId);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^j-[0-9a-f-]{36}$/);
  });
});

describe('readBullpenOpts', () => {
  it('reads what Bullpen wrote, past everything else in the opts', () => {
    const bullpen = { expiresAt: 1_900_000_000_000, batch: 'b1', row: 3, enqueue: 'e1' };
    expect(readBullpenOpts({ attempts: 3, jobId: 'x', bullpen: { ...bullpen, later: 'unknown' } })).toEqual(bullpen);
  });

  it('finds nothing where no Bullpen was', () => {
    for (const opts of [undefined, null, {}, { bullpen: null }, { bullpen: 'yes' }, 'bullpen', 5, []]) {
      expect(readBullpenOpts(opts)).toEqual({});
    }
  });

  it('takes each field of the wrong type as absent, and keeps the others', () => {
    const wrong = { expiresAt: '2030-01-01', batch: 5, row: 0, enqueue: null };
    expect(readBullpenOpts({ bullpen: wrong })).toEqual({});
    expect(readBullpenOpts({ bullpen: { ...wrong, row: 2 } })).toEqual({ row: 2 });
    for (const row of [-1, 1.5, 2 ** 53, Number.NaN, '1']) expect(readBullpenOpts({ bullpen: { row } })).toEqual({});
  });

  it('reads which fields of a job were not JSON', () => {
    const read = (unreadable: unknown) => readBullpenOpts({ bullpen: { unreadable } });
    expect(read({ data: '{', opts: '' })).toEqual({ unreadable: ['data', 'opts'] });
    for (const wrong of [undefined, null, 'data', true]) expect(read(wrong)).toEqual({});
  });

  it('takes an expiry that no clock can reach as absent', () => {
    for (const expiresAt of [1e300, -1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(readBullpenOpts({ bullpen: { expiresAt } })).toEqual({});
    }
  });

  it('never throws, and never answers with more than its five fields, whatever it finds', () => {
    const anyOpts = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.record({ bullpen: fc.anything({ withNullPrototype: true }) }),
      fc.record({
        bullpen: fc.record(
          {
            ...{ expiresAt: fc.anything(), batch: fc.anything(), row: fc.anything(), enqueue: fc.anything() },
            unreadable: fc.anything(),
          },
          { requiredKeys: [] },
        ),
      }),
    );
    fc.assert(
      fc.property(anyOpts, (opts) => {
        const { expiresAt, batch, row, enqueue, unreadable, ...rest } = readBullpenOpts(opts);
        expect(rest).toEqual({});
        expect([typeof expiresAt, typeof row].every((type) => type === 'number' || type === 'undefined')).toBe(true);
        expect([typeof batch, typeof enqueue].every((type) => type === 'string' || type === 'undefined')).toBe(true);
        if (expiresAt !== undefined) expect(() => new Date(expiresAt).toISOString()).not.toThrow();
        if (row !== undefined) expect(Number.isSafeInteger(row) && row >= 1).toBe(true);
      }),
    );
  });
});
