import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The kind of a row: `row` has about a hundred bytes of JSON, as most rows do; `empty` is for jobs
 * with nothing to do. It is also the queue's name.
 */
export type Kind = 'row' | 'empty';

/** A row of either kind. */
export interface Payload {
  readonly id: number;
  readonly email?: string;
  readonly note?: string;
}

/** The rows that every contender enqueues; `id` counts from 1. */
function makeRow(kind: Kind, id: number): Payload {
  if (kind === 'empty') return { id };
  return { id, email: `user${id}@example.com`, note: 'a row of about a hundred bytes, as most rows are' };
}

/** All rows in memory, for contenders whose time does not include making them. */
export function makeRows(kind: Kind, count: number): Payload[] {
  return Array.from({ length: count }, (_, index) => makeRow(kind, index + 1));
}

/** Rows in chunks, with the number of each chunk's first row. */
export function* chunksOf<T>(rows: readonly T[], size: number): Generator<{ readonly first: number; rows: T[] }> {
  for (let at = 0; at < rows.length; at += size) yield { first: at + 1, rows: rows.slice(at, at + size) };
}

/** The same rows as an NDJSON file, written once per folder. */
export async function rowsFile(folder: string, kind: Kind, count: number): Promise<string> {
  const path = join(folder, `${kind}-${count}.ndjson`);
  if (existsSync(path)) return path;
  const unfinished = `${path}.unfinished`;
  const file = createWriteStream(unfinished);
  for (let id = 1; id <= count; id += 1) {
    if (!file.write(`${JSON.stringify(makeRow(kind, id))}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  await rename(unfinished, path);
  return path;
}
