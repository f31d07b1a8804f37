import { defineJob, type JobDefinition } from '@bullpen/shared';
import { idForKey } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { broken, good } from '../../test/batch-redis.js';
import type { SourceRow } from '../source/source-row.js';
import { checkRow, isRejected, type RejectedRow } from './check-row.js';

const job = defineJob({ name: 'check.test', payload: z.object({ id: z.coerce.string() }).loose() });
const anything = defineJob({ name: 'check.any', payload: z.unknown() });

/** The faults of a row that is rejected. */
async function faultsOf(row: SourceRow, keyField?: string, definition: JobDefinition = job) {
  const checked = await checkRow(definition, row, keyField);
  expect(isRejected(checked)).toBe(true);
  return (checked as RejectedRow).faults;
}

describe('checkRow', () => {
  it('makes a valid row ready to be enqueued, without waiting', () => {
    expect(checkRow(job, good(2), undefined)).toEqual({ id: '', row: 2, data: '{"id":2}' });
  });

  it('takes its key from the field named, text or number', () => {
    const id = idForKey('check.test', '17');
    expect(checkRow(job, good(1, { id: 17 }), 'id')).toMatchObject({ id });
    expect(checkRow(job, good(1, { id: '17' }), 'id')).toMatchObject({ id });
  });

  it('stores the row’s own text when it had one', () => {
    const row: SourceRow = { ...{ row: 1, line: 1, ok: true, value: { id: 1 } }, json: '{ "id": 1.0 }', text: '' };
    expect(checkRow(job, row, undefined)).toMatchObject({ data: '{ "id": 1.0 }' });
  });

  it('stores on one line what its own text has on several: payloads go to Redis a line each', () => {
    const row: SourceRow = { ...{ row: 1, line: 1, ok: true, value: { id: 1 } }, json: '{\n  "id": 1.0\n}', text: '' };
    expect(checkRow(job, row, undefined)).toMatchObject({ data: '{"id":1}' });
  });

  it('rejects a row that did not parse, with its text', () => {
    expect(checkRow(job, broken(2), undefined)).toEqual({
      ...{ row: 2, line: 3, faults: [{ path: '', reason: 'not JSON' }], input: '{' },
    });
  });

  it('rejects a row that does not fit, with its value', () => {
    expect(checkRow(job, good(3, 'text'), undefined)).toEqual({
      ...{ row: 3, line: 4, input: 'text' },
      faults: [{ path: '', reason: expect.stringContaining('object') }],
    });
  });

  it('checks what the worker will see when a row had no text: a Date is text by then', async () => {
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
    ['is null', { key: null }, 'expected text, got object'],
    ['is a number that JSON cannot hold exactly', { key: 2 ** 60 }, 'too large to be exact; write it as text'],
  ])('rejects a row whose key %s', async (_, fields, reason) => {
    expect(await faultsOf(good(1, { id: 1, ...fields }), 'key')).toEqual([{ path: 'key', reason }]);
  });

  it('rejects every row that is no object when a key is asked for', async () => {
    for (const value of [null, 5, 'x', []]) expect(await faultsOf(good(1, value), 'id', anything)).toHaveLength(1);
  });

  it('names the faults of payload and key together', async () => {
    expect(await faultsOf(good(1, 'text'), 'id')).toHaveLength(2);
  });

  it('waits for a schema that does', async () => {
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
