import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Table } from './tables.js';

/**
 * So many characters go to the output at a time: a write for every row would cost more than the
 * row.
 */
const CHARACTERS_A_WRITE = 65_536;

/**
 * Writes a table; cells and values as they are, also those that a spreadsheet would take for a
 * formula: what is sent again has to be what was exported.
 * @returns how many rows it has
 */
export async function writeTable(table: Table, stream: Writable, signal: AbortSignal): Promise<number> {
  let count = 0;
  async function* counted<T>(rows: AsyncIterable<T>): AsyncIterable<T> {
    for await (const row of rows) {
      count += 1;
      yield row;
    }
  }
  // The standard output is not ours to end; and a file's handle is closed by who opened it.
  const options = { signal, end: stream !== process.stdout };
  if (table.format === 'csv') {
    const csv = stringify({ header: true, columns: [...table.head] }).setEncoding('utf8');
    await pipeline(Readable.from(counted(table.rows)), csv, inBlocks, stream, options);
  } else {
    await pipeline(Readable.from(counted(table.rows)), toLines, inBlocks, stream, options);
  }
  return count;
}

async function* toLines(rows: AsyncIterable<object>): AsyncIterable<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

async function* inBlocks(parts: AsyncIterable<string>): AsyncIterable<string> {
  let block = '';
  for await (const part of parts) {
    block += part;
    if (block.length < CHARACTERS_A_WRITE) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}
