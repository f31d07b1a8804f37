import { createReadStream, ReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { readCsv } from './csv.js';
import { readJson } from './json.js';
import { readNdjson } from './ndjson.js';
import type { SourceRow } from './source-row.js';

/** The formats a source can have. */
export const FORMATS = ['csv', 'ndjson', 'json'] as const;
/** One of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number];

const BY_EXTENSION: Record<string, Format> = {
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'json',
};
const READERS: Record<Format, (stream: Readable) => AsyncIterable<SourceRow>> = {
  csv: readCsv,
  ndjson: readNdjson,
  json: readJson,
};

/** An open source: its rows, and how far it has been read. */
export interface Source {
  readonly blocks: AsyncIterable<readonly SourceRow[]>;
  readonly name: string;
  readonly identity: { readonly bytes: number; readonly sha256: string } | undefined;
  columns(): readonly string[] | undefined;
  changed(): Promise<string | undefined>;
  readonly format: Format;
  /** Its size, when it is a file. */
  readonly totalBytes: number | undefined;
  /** How much of it has been read. */
  bytesRead(): number;
  /** Ends the reading at once, even of a pipe in which nothing comes. */
  close(): void;
}

/**
 * Opens a file, or the standard input for `-`.
 * @param format tells the format when the file's name does not
 * @throws SourceInvalid when there is no such file, it is a folder, it cannot be read, or its format cannot be told
 */
export async function openSource(path: string, format: Format | undefined, stdin: Readable): Promise<Source> {
  const known = format ?? BY_EXTENSION[extname(path).toLowerCase()];
  const choices = FORMATS.join(', ');
  let stats: Stats | undefined;
  if (path !== '-') {
    stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new SourceInvalid(
        error.code === 'ENOENT' ? `there is no file ${path}` : `cannot read ${path}: ${error.message}`,
      );
    });
    if (stats.isDirectory()) throw new SourceInvalid(`${path} is a folder; name a file`);
  }
  if (known === undefined) {
    const what =
      path === '-'
        ? 'the standard input has no name to tell its format by'
        : `cannot tell the format of ${path} by its name`;
    throw new SourceInvalid(`${what}; say --format (${choices})`);
  }
  const stream = path === '-' ? stdin : await openFile(path);
  return {
    blocks: (async function* () {
      for await (const row of READERS[known](stream)) yield [row];
    })(),
    name: path,
    identity: undefined,
    columns: () => undefined,
    changed: async () => undefined,
    format: known,
    totalBytes: stats?.isFile() === true ? stats.size : undefined,
    close: () => void stream.destroy(),
    bytesRead: () => (stream instanceof ReadStream ? stream.bytesRead : 0),
  };
}

/** Opens now, so that a file we may not read is found before anything else happens. */
function openFile(path: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const stream = createReadStream(path, { highWaterMark: 256 * 1024 });
    stream.once('open', () => resolve(stream));
    stream.once('error', (error) => reject(new SourceInvalid(`cannot read ${path}: ${error.message}`)));
  });
}
