import { describe, expect, it } from 'vitest';
import type { FailedRow } from '../../books/kept-rows.js';
import { cellOf, findShape, shapeWith, toCells, toJson } from './failed-shape.js';

const failed = (payload: unknown, json?: string): FailedRow => ({
  ...{ row: 1, reason: 'Error: …', payload, json, outcome: 'failed', attempts: 2, failedAt: 0 },
  error: { name: 'Error', message: 'no luck' },
});

async function* rows(...payloads: unknown[]): AsyncIterable<FailedRow> {
  for (const payload of payloads) yield failed(payload);
}

describe('the shape of failed rows', () => {
  it('has the union of their fields, in the order in which they first appear', async () => {
    const shape = await findShape(rows({ b: 1, a: 2 }, { c: 3, a: 4 }, 'text', null, [1]));
    expect(shape).toEqual({ columns: ['b', 'a', 'c', 'payload'], error: 'error', attempts: 'attempts' });
  });

  it('has names of its own that the source does not have, however often it was exported', () => {
    expect(shapeWith(['error', 'id'])).toMatchObject({ error: 'bullpen_error', attempts: 'attempts' });
    expect(shapeWith(['error', 'bullpen_error', 'attempts'])).toMatchObject({
      error: 'bullpen_bullpen_error',
      attempts: 'bullpen_attempts',
    });
  });

  it('is undefined when there are more than 10,000 different fields', async () => {
    expect(await findShape(rows(...Array.from({ length: 10_001 }, (_, at) => ({ [`id${at}`]: 1 }))))).toBeUndefined();
  });
});

describe('a failed row', () => {
  it('becomes cells in the order of the columns, of its own fields only', () => {
    const shape = shapeWith(['id', 'constructor', '__proto__']);
    expect(toCells(failed({ id: 7 }), shape)).toEqual(['7', '', '', 'Error: no luck', '2']);
    expect(toCells(failed(JSON.parse('{"__proto__":"p"}')), shape)).toEqual(['', '', 'p', 'Error: no luck', '2']);
    expect(() => toCells(failed({ more: 1 }), shape)).toThrow(/run it again/);
  });

  const own = { error: 'Error: no luck', attempts: 2 };

  it('becomes an object with the fields of its payload', () => {
    const objectOf = (payload: unknown, columns: readonly string[]) =>
      JSON.parse(toJson(failed(payload), shapeWith(columns))) as unknown;
    expect(objectOf({ error: 'mine' }, ['error'])).toEqual({
      ...{ error: 'mine', bullpen_error: 'Error: no luck', attempts: 2 },
    });
    expect(objectOf('text', ['payload'])).toEqual({ payload: 'text', ...own });
    expect([objectOf({}, []), objectOf(undefined, [])]).toEqual([own, own]);
  });

  it('keeps the text of its payload, because a value cannot hold every number', () => {
    const json = ' {"id":12345678901234567890, "rate":1e400,"list":[ 1e400, "}," ],"no":null}';
    const row = failed(JSON.parse(json), json);
    const shape = shapeWith(['id', 'rate', 'list', 'no']);
    expect(toJson(row, shape)).toBe(`${json.trim().slice(0, -1)},"error":"Error: no luck","attempts":2}`);
    expect(toCells(row, shape)).toEqual([
      ...['12345678901234567890', '1e400', '[ 1e400, "}," ]', '', 'Error: no luck', '2'],
    ]);
    expect(toJson(failed([1], '[1e400]'), shape)).toBe('{"payload":[1e400],"error":"Error: no luck","attempts":2}');
    expect(toCells(failed([1], '[1e400]'), shapeWith(['payload']))[0]).toBe('[1e400]');
  });

  it.each([
    ['=1+1', '=1+1'],
    [7, '7'],
    [false, 'false'],
    [null, ''],
    [undefined, ''],
    [{ a: ['b'] }, '{"a":["b"]}'],
  ])('the cell of %j is %j', (value, cell) => {
    expect(cellOf(value)).toBe(cell);
  });
});
