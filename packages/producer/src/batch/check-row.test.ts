import { defineJob, type JobDefinition } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { broken, good } from '../../test/batch-redis.js';
import type { SourceRow } from '../source/source-row.js';
import { checkRow, isRejected, type RejectedRow } from './check-row.js';

const job = defineJob({ name: 'check.test', payload: z.object({ id: z.coerce.string() }).loose() });
const anything = defineJob({ name: 'check.any', payload: z.unknown() });

/** The faults of a rejected row. */
async function faultsOf(row: SourceRow, keyField?: string, definition: JobDefinition = job) {
  const checked = await checkRow(definition, row, keyField);
  expect(isRejected(checked)).toBe(true);
  return (checked as RejectedRow).faults;
}

describe('checkRow', () => {
  it('returns a valid row ready to be enqueued, without a promise', () => {
    expect(checkRow(job, good(2), undefined)).toEqual({ row: 2, data: '{"id":2}' });
  });

  it('takes the key from the key field, from a text or a number', () => {
    expect(checkRow(job, good(1, { id: 17 }), 'id')).toMatchObject({ key: '17' });
    expect(checkRow(job, good(1, { id: '17' }), 'id')).toMatchObject({ key: '17' });
  });

  it('stores the text of the row when the row has one', () => {
    const row: SourceRow = { ...{ row: 1, line: 1, ok: true, value: { id: 1 } }, json: '{ "id": 1.0 }', text: '' };
    expect(checkRow(job, row, undefined)).toMatchObject({ data: '{ "id": 1.0 }' });
  });

  it('writes a text of several lines on one line, because each payload goes to Redis on one line', () => {
    const json = '{\r\n  "id": 1.0,\n\n  "s": "a\\n  b"\n}';
    const row: SourceRow = { ...{ row: 1, line: 1, ok: true, value: { id: 1 } }, json, text: '' };
    expect(checkRow(job, row, undefined)).toMatchObject({ data: '{ "id": 1.0, "s": "a\\n  b" }' });
  });

  it('gives the text of a rejected row when the row has one', () => {
    const strict = defineJob({ name: 'check.strict', payload: z.object({ id: z.string() }) });
    const row: SourceRow = { ...{ row: 1, line: 1, ok: true, value: { n: 1 } }, json: '{"n":1.0}', text: '' };
    expect(checkRow(strict, row, undefined)).toMatchObject({ input: { n: 1 }, json: '{"n":1.0}' });
  });

  it('rejects a row that did not parse, and gives its text', () => {
    expect(checkRow(job, broken(2), undefined)).toEqual({
      ...{ row: 2, line: 3, faults: [{ path: '', reason: 'not JSON' }], input: '{' },
    });
  });

  it('rejects a row that does not fit the schema, and gives its value', () => {
    expect(checkRow(job, good(3, 'text'), undefined)).toEqual({
      ...{ row: 3, line: 4, input: 'text' },
      faults: [{ path: '', reason: expect.stringContaining('object') }],
    });
  });

  it('checks the value that the worker will see: a Date is a text by then', async () => {
    const dated = defineJob({ name: 'check.dated', payload: z.object({ at: z.date() }) });
    expect((await faultsOf(good(1, { at: new Date(0) }), undefined, dated))[0]?.path).toBe('at');
  });

  it('rejects a row that JSON cannot write', async () => {
    const cycle: { id: number; self?: unknown } = { id: 1 };
    cycle.self = cycle;
    const noValue: SourceRow = { row: 3, line: 4, ok: true, value: undefined, text: '' };
    for (const row of [good(1, { id: 5n }), good(2, cycle), noValue]) expect(await faultsOf(row)).toHaveLength(1);
  });

  it.each([
    ['is absent', {}, 'the key field is absent'],
    ['is empty', { key: '' }, 'expected 1 to 1000 characters, got 0'],
    ['is null', { key: null }, 'expected text, got null'],
    ['is a number that JSON cannot hold exactly', { key: 2 ** 60 }, 'too large to be exact; write it as text'],
  ])('rejects a row whose key %s', async (_, fields, reason) => {
    expect(await faultsOf(good(1, { id: 1, ...fields }), 'key')).toEqual([{ path: 'key', reason }]);
  });

  it('rejects every row that is no object when there is a key field', async () => {
    for (const value of [null, 5, 'x', []]) expect(await faultsOf(good(1, value), 'id', anything)).toHaveLength(1);
  });

  it('names the faults of the payload and of the key together', async () => {
    expect(await faultsOf(good(1, 'text'), 'id')).toHaveLength(2);
  });

  it('returns a promise for an asynchronous schema', async () => {
    const slow = defineJob({
      name: 'check.slow',
      payload: z.looseObject({ id: z.number().refine(async (n) => n < 3) }),
    });
    const checking = checkRow(slow, good(1), 'id');
    expect(checking).toBeInstanceOf(Promise);
    expect(await checking).toMatchObject({ row: 1, data: '{"id":1}' });
    expect(await faultsOf(good(3), undefined, slow)).toHaveLength(1);
  });
});
