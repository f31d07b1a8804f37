import { defineJob } from '@bullpen/shared';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { CellTypes } from './cell-types.js';

const job = defineJob({
  name: 'pay',
  payload: z.object({ to: z.string().min(1), amount: z.number(), urgent: z.boolean() }),
});

const cells = { to: 'ada', amount: '12.50', urgent: 'false' };
const typeFaults = [
  { path: 'amount', reason: 'expected number, received string' },
  { path: 'urgent', reason: 'expected boolean, received string' },
];
const rejected = (row: number, input: unknown = cells, faults = typeFaults) => ({ row, line: row, faults, input });

function cellTypes(format = 'csv') {
  const said: string[] = [];
  return { types: new CellTypes(job, format, (line) => said.push(line)), said };
}

it('says at the hundredth rejected row, once, which fields need a conversion', async () => {
  const { types, said } = cellTypes();
  for (let row = 1; row <= 99; row += 1) await types.note(rejected(row));
  expect(said).toEqual([]);
  for (let row = 100; row <= 250; row += 1) await types.note(rejected(row));
  await types.end(250);
  expect(said).toEqual([expect.stringMatching(/a number or a boolean in 'amount', 'urgent', .*z\.coerce\.number\(\)/)]);
});

it('says it at the end of a short file', async () => {
  const { types, said } = cellTypes();
  await types.note(rejected(1));
  await types.end(1);
  expect(said).toHaveLength(1);
});

it.each([
  ['a row was accepted', 'csv', [rejected(2)], 2],
  ['the rows are JSON, which has numbers', 'ndjson', [rejected(1)], 1],
  ['the cell is no number', 'csv', [rejected(1, { ...cells, amount: 'much', urgent: 'maybe' })], 1],
  ['the row did not parse', 'csv', [rejected(1, 'a,b', [{ path: '', reason: 'too many cells' }])], 1],
  ['another field is empty', 'csv', [rejected(1, { ...cells, to: '' }, [{ path: 'to', reason: 'too small' }])], 1],
  ['there was no row', 'csv', [], 0],
])('says nothing when %s', async (_, format, rows, read) => {
  const { types, said } = cellTypes(format);
  for (const row of rows) await types.note(row);
  await types.end(read);
  expect(said).toEqual([]);
});
