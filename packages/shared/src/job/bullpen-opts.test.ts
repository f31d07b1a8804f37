import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBullpenOpts } from './bullpen-opts.js';
import { expandRows, MAX_ROWS, MAX_ROWS_PER_JOB } from './row-id.js';

describe('readBullpenOpts', () => {
  it('reads what Bullpen wrote, and ignores everything else in the opts', () => {
    const ofRows = { rows: [3, 5, 9, 9], keyField: 'id', results: true };
    const bullpen = { expiresAt: 1_900_000_000_000, batch: 'b1', ...ofRows };
    expect(readBullpenOpts({ attempts: 3, jobId: 'x', bullpen: { ...bullpen, later: 'unknown' } })).toEqual(bullpen);
  });

  it('finds nothing in opts that Bullpen did not write', () => {
    for (const opts of [undefined, null, {}, { bullpen: null }, { bullpen: 'yes' }, 'bullpen', 5, []]) {
      expect(readBullpenOpts(opts)).toEqual({});
    }
  });

  it('ignores each field of a wrong type, and keeps the others', () => {
    const wrong = { expiresAt: '2030-01-01', batch: 5 };
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

  it('ignores an expiry that no clock can reach', () => {
    for (const expiresAt of [1e300, -1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(readBullpenOpts({ bullpen: { expiresAt } })).toEqual({});
    }
  });

  it('never throws, and never returns more than its six fields, for any opts', () => {
    const anyOpts = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.record({ bullpen: fc.anything({ withNullPrototype: true }) }),
      fc.record({
        bullpen: fc.record(
          {
            ...{ expiresAt: fc.anything(), batch: fc.anything(), row: fc.anything() },
            ...{ rows: fc.anything(), keyField: fc.anything(), results: fc.anything() },
            malformed: fc.anything(),
          },
          { requiredKeys: [] },
        ),
      }),
    );
    fc.assert(
      fc.property(anyOpts, (opts) => {
        const { expiresAt, batch, malformed, ...more } = readBullpenOpts(opts);
        const { rows = [], keyField = '', results = true, ...rest } = more;
        expect(rest).toEqual({});
        expect([typeof keyField, results]).toEqual(['string', true]);
        expect(expandRows(rows).length).toBeLessThanOrEqual(MAX_ROWS_PER_JOB);
        expect(['number', 'undefined']).toContain(typeof expiresAt);
        expect(['string', 'undefined']).toContain(typeof batch);
        if (expiresAt !== undefined) expect(() => new Date(expiresAt).toISOString()).not.toThrow();
      }),
    );
  });
});
