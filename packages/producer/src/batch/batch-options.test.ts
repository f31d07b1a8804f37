import { OptionsInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../test/batch-redis.js';
import { type BatchOptions, parseBatchOptions } from './batch-options.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const read = (options: object) =>
  parseBatchOptions({ name: 'b1', source: sourceOf([]), ...options } as BatchOptions, 0);

/** The faults of options, each as `path: reason`. */
function faultsOf(options: object): readonly string[] {
  try {
    read(options);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsInvalid);
    return (error as OptionsInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

describe('parseBatchOptions', () => {
  it('keeps books and keys for a week by default, and leaves the rows per job to the definition', () => {
    expect(read({})).toEqual({
      ...{ delayMs: 0, priority: 0, expiresAt: undefined, maxWaiting: undefined },
      ...{ keepMs: 7 * DAY_MS, keepKeysMs: 7 * DAY_MS, rowsPerJob: undefined },
    });
  });

  it('parses every option', () => {
    const given = { delay: '5s', priority: 3, maxWaiting: 9, rowsPerJob: 1_000, keep: '1d', keepKeys: '1s' };
    expect(read(given)).toEqual({
      ...{ delayMs: 5_000, priority: 3, expiresAt: undefined, maxWaiting: 9 },
      ...{ keepMs: DAY_MS, keepKeysMs: 1_000, rowsPerJob: 1_000 },
    });
  });

  it.each(['', 'a:b', 'a b', 'é', 'x'.repeat(101), '../x'])(
    'refuses the batch name %j, because the name goes into keys and ids',
    (batch) => {
      expect(faultsOf({ name: batch })).toEqual([expect.stringMatching(/^name: expected 1 to 100 letters/)]);
    },
  );

  it.each([
    ['no rows in a job', { rowsPerJob: 0 }, 'rowsPerJob: expected a whole number from 1 to 1000, got 0'],
    ['too many rows in a job', { rowsPerJob: 1_001 }, 'rowsPerJob: expected a whole number from 1 to 1000, got 1001'],
    ['half a row', { rowsPerJob: 1.5 }, 'rowsPerJob: expected a whole number from 1 to 1000, got 1.5'],
    ['books kept for 10 ms', { keep: 10 }, 'keep: expected at least 1s, got 10'],
    ['keys kept for no time', { keepKeys: 0 }, 'keepKeys: expected at least 1s, got 0'],
    ['a delay that is no duration', { delay: 'later' }, /^delay: expected a duration/],
    ['half a priority', { priority: 0.5 }, /^priority: expected a whole number/],
    ['a maxWaiting of 0', { maxWaiting: 0 }, /^maxWaiting: expected a whole number/],
    ['a keyField that is no text', { keyField: 5 }, 'keyField: expected the name of a field, got 5'],
    ['an empty keyField', { keyField: '' }, "keyField: expected the name of a field, got ''"],
    ['results as text', { results: 'yes' }, "results: expected true or false, got 'yes'"],
    ['dryRun as text', { dryRun: 'no' }, "dryRun: expected true or false, got 'no'"],
    ['a controller as signal', { signal: new AbortController() }, 'signal: expected an AbortSignal, got an object'],
    ['an onRejected that is none', { onRejected: 5 }, 'onRejected: expected a function, got 5'],
    ['what enqueue calls key', { jobId: 'a' }, /^jobId: is no option of batches.run; write keyField, /],
    ['an expiry', { expiresIn: '5m' }, 'expiresIn: is no option of batches.run; write it in defineJob'],
    ['a list of rows', { source: [{ id: 1 }] }, 'source: expected what openSource returns, got an object'],
    [
      'rows without a format',
      { source: { blocks: (async function* () {})(), name: 'mine' } },
      'source: expected what openSource returns, got one without a name or a known format',
    ],
    ['no iterable', { source: { blocks: {}, name: 'x', format: 'csv' } }, /^source: expected what openSource returns/],
  ])('refuses %s', (_, options, fault) => {
    expect(faultsOf(options)).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
  });

  it('names all faults at once', () => {
    const all = faultsOf({ name: '', rowsPerJob: -1, keep: 'x', keepKeys: -1 });
    expect(all.map((fault) => fault.split(':')[0])).toEqual(['name', 'rowsPerJob', 'keep', 'keepKeys']);
  });

  it('refuses any garbage with OptionsInvalid', () => {
    const garbage = fc.anything({ withNullPrototype: true, withBigInt: true });
    const anyOptions = fc.record(
      { rowsPerJob: garbage, keep: garbage, keepKeys: garbage, delay: garbage, priority: garbage, maxWaiting: garbage },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(faultsOf(options).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});
