import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { OptionsInvalid, SourceInvalid } from '@bullpen/shared';
import type { CsvOptions } from './csv.js';
import { delimiterFaults } from './csv-delimiter.js';
import { FORMATS, type Format } from './format.js';
import type { SourceIdentity } from './source-bytes.js';
import { openFile } from './source-file.js';
import { openPipe, takeStream } from './source-pipe.js';
import type { SourceRow } from './source-row.js';
import { COMPRESSED, readText } from './source-text.js';

const BY_EXTENSION: Record<string, Format> = {
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'json',
};

type Reader = (text: AsyncIterable<Buffer>, options: CsvOptions) => AsyncIterable<readonly SourceRow[]>;

/** Each reader is loaded when it is needed, because its library takes a command long to load. */
const READERS: Record<Format, () => Promise<Reader>> = {
  csv: async () => (await import('./csv.js')).readCsv,
  ndjson: async () => (await import('./ndjson.js')).readNdjson,
  json: async () => (await import('./json.js')).readJson,
};

/** An open source: its rows, its name and format, and how far it was read. */
export interface Source {
  /** The rows, in blocks, so that a reader waits once per block. Can be iterated once. */
  readonly blocks: AsyncIterable<readonly SourceRow[]>;
  /** How its text is read. */
  readonly format: Format;
  /** What separates the cells of a CSV source, if it was given. */
  readonly delimiter: string | undefined;
  /** The name as given: a path, or `-` for the standard input. */
  readonly name: string;
  /**
   * By what a regular file is recognised: its size and the SHA-256 (hex) of all its bytes.
   * `undefined` for other sources.
   */
  readonly identity: SourceIdentity | undefined;
  /**
   * The column names of a CSV source, known with the first block at the latest. `undefined` before
   * that, and for other formats.
   */
  columns(): readonly string[] | undefined;
  /** The size of a regular file. `undefined` for other sources. */
  readonly totalBytes: number | undefined;
  /** How many bytes were read so far. */
  bytesRead(): number;
  /**
   * How a regular file has changed since it was opened, by its size or the time of its last write,
   * as a sentence. `undefined` when it has not changed, and for other sources. To be called after
   * the last block.
   */
  changed(): Promise<string | undefined>;
  /**
   * Ends the reading at once, even of a pipe into which nobody writes. The iteration over `blocks`
   * then throws.
   */
  close(): void;
}

/** Options of {@link openSource}. */
export interface SourceOptions {
  /**
   * What separates the cells of a CSV source: one character, such as `';'` or `'\t'`. Default: what
   * its first line names (`sep=;`), or a comma.
   */
  readonly delimiter?: string | undefined;
}

/**
 * Opens a file, or the standard input for `-`. Reads a regular file once to its end, for its
 * SHA-256.
 * @param path the path of a file, or `-`
 * @param format the format, when it does not follow from the name of the file: `.csv`, `.ndjson`,
 *   `.jsonl`, `.json`
 * @param stdin what is read for `-`
 * @param options how the source is read
 * @example
 * const source = await openSource('rows.csv', undefined, process.stdin);
 * await producer.batches.run(resize, { name: 'march', source, keyField: 'url' });
 * @throws SourceInvalid when there is no such file, it is a folder, it cannot be read, or its
 *   format is unknown; OptionsInvalid for a wrong delimiter
 */
export async function openSource(
  path: string,
  format: Format | undefined,
  stdin: Readable,
  { delimiter }: SourceOptions = {},
): Promise<Source> {
  const stats = path === '-' ? undefined : await findFile(path);
  const known = format ?? BY_EXTENSION[extname(path).toLowerCase()];
  if (known === undefined && /^\.gz$/i.test(extname(path))) throw new SourceInvalid(COMPRESSED);
  if (known === undefined) {
    const what =
      path === '-' ? 'the format of the standard input is unknown' : `cannot tell the format of ${path} by its name`;
    throw new SourceInvalid(`${what}; say --format (${FORMATS.join(', ')})`);
  }
  const faults = delimiterFaults(delimiter, known);
  if (faults.length > 0) throw new OptionsInvalid(`cannot read ${path === '-' ? 'the standard input' : path}`, faults);
  const readRows = await READERS[known]();
  const bytes =
    stats === undefined ? takeStream(stdin) : stats.isFile() ? await openFile(path) : await openPipe(path, stats);
  let columns: readonly string[] | undefined;
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of bytes.pieces) {
      read += piece.length;
      yield piece;
    }
  }
  return {
    blocks: readRows(readText(counted()), {
      delimiter,
      onColumns(names) {
        columns = names;
      },
    }),
    ...{ format: known, delimiter },
    name: path,
    identity: bytes.identity,
    columns: () => columns,
    totalBytes: bytes.identity?.bytes,
    bytesRead: () => read,
    changed: bytes.changed,
    close: bytes.close,
  };
}

async function findFile(path: string): Promise<Stats> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new SourceInvalid(
      error.code === 'ENOENT' ? `there is no file ${path}` : `cannot read ${path}: ${error.message}`,
    );
  });
  if (stats.isDirectory()) throw new SourceInvalid(`${path} is a folder; name a file`);
  return stats;
}
