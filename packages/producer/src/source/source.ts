import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { type Identity, openFile } from './source-file.js';
import { openPipe, takeStream } from './source-pipe.js';
import type { SourceRow } from './source-row.js';
import { readText } from './source-text.js';

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

type Reader = (
  text: AsyncIterable<Buffer>,
  onColumns: (names: readonly string[]) => void,
) => AsyncIterable<readonly SourceRow[]>;

/**
 * Each is loaded when it is needed: the libraries behind them are a good part of what a command
 * loads.
 */
const READERS: Record<Format, () => Promise<Reader>> = {
  csv: async () => (await import('./csv.js')).readCsv,
  ndjson: async () => (await import('./ndjson.js')).readNdjson,
  json: async () => (await import('./json.js')).readJson,
};

/** An open source: its rows, what it is, and how far it has been read. */
export interface Source {
  /** The rows in blocks as they are read: one wait per block, not per row. To be iterated once. */
  readonly blocks: AsyncIterable<readonly SourceRow[]>;
  readonly format: Format;
  /** Its name as given: the path, or '-' for the standard input. */
  readonly name: string;
  /**
   * What it is known again by, when it is a regular file: its size, and the SHA-256 (hex) of all
   * its bytes.
   */
  readonly identity: Identity | undefined;
  /**
   * The column names of a CSV source, once its header was read: at the latest with the first block.
   * `undefined` for other formats.
   */
  columns(): readonly string[] | undefined;
  /** Its size, when it is a regular file. */
  readonly totalBytes: number | undefined;
  /** How much of it has been read. */
  bytesRead(): number;
  /**
   * Whether the file has changed (its size, or when it was written to) since it was opened: a
   * sentence for people, or `undefined` when it has not, and for other sources. To be asked after
   * the last block.
   */
  changed(): Promise<string | undefined>;
  /**
   * Ends the reading at once, even of a pipe in which nothing comes: whoever waits for the next
   * block gets an error.
   */
  close(): void;
}

/**
 * Opens a file, or the standard input for `-`. A regular file is read once from end to end by now:
 * for its SHA-256.
 * @param format tells the format when the file's name does not
 * @throws SourceInvalid when there is no such file, it is a folder, it cannot be read, or its
 *   format cannot be told
 */
export async function openSource(path: string, format: Format | undefined, stdin: Readable): Promise<Source> {
  const stats = path === '-' ? undefined : await findFile(path);
  const known = format ?? BY_EXTENSION[extname(path).toLowerCase()];
  if (known === undefined) {
    const what =
      path === '-'
        ? 'the standard input has no name to tell its format by'
        : `cannot tell the format of ${path} by its name`;
    throw new SourceInvalid(`${what}; say --format (${FORMATS.join(', ')})`);
  }
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
    blocks: readRows(readText(counted()), (names) => {
      columns = names;
    }),
    format: known,
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
