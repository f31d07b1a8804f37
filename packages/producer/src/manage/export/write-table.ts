import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Table } from './tables.js';

/** The output is written in blocks of this size, because a write costs more than making a row. */
const BLOCK_CHARACTERS = 65_536;

/**
 * Writes a table. Cells are written as they are, even when a spreadsheet would read one as a
 * formula, because the file may be enqueued again.
 * @returns how many rows were written
 */
export async function writeTable(table: Table, stream: Writable, signal: AbortSignal): Promise<number> {
  let count = 0;
  async function* counted<T>(rows: AsyncIterable<T>): AsyncIterable<T> {
    for await (const row of rows) {
      count += 1;
      yield row;
    }
  }
  // We must not end the standard output. A file is closed by the code that opened it.
  const options = { signal, end: stream !== process.stdout };
  if (table.format === 'csv') {
    const csv = stringify({ header: true, columns: [...table.head] }).setEncoding('utf8');
    await pipeline(Readable.from(counted(table.rows)), csv, inBlocks, stream, options);
  } else {
    await pipeline(Readable.from(counted(table.rows)), toLines, inBlocks, stream, options);
  }
  return count;
}

async function* toLines(rows: AsyncIterable<string>): AsyncIterable<string> {
  for await (const row of rows) yield `${row}\n`;
}

async function* inBlocks(parts: AsyncIterable<string>): AsyncIterable<string> {
  let block = '';
  for await (const part of parts) {
    block += part;
    if (block.length < BLOCK_CHARACTERS) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}
