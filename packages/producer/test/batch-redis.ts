import type { CursorMove, JobRow } from '../src/enqueue/chunk.js';
import type { RowsReply } from '../src/enqueue/insert-reply.js';
import type { ProducerRedis } from '../src/enqueue/producer-redis.js';
import type { Source } from '../src/source/source.js';
import type { SourceRow } from '../src/source/source-row.js';

/**
 * A stand-in for Redis that holds one batch: its books with their cursor, the rows that were added,
 * and the keys that are taken. It decides as our scripts do.
 */
export class BatchRedis {
  readonly stored: JobRow[] = [];
  readonly taken = new Set<string>();
  /** How often a chunk was sent, and how often books were begun. */
  calls = 0;
  begun = 0;
  books: Record<string, string> | undefined;

  /** Begins the books of a batch. No row was read yet. */
  begin(): this {
    this.books ??= { read: '0', added: '0', duplicate: '0', rejected: '0', checksum: '0' };
    return this;
  }

  readonly insert = async (rows: readonly JobRow[], move: CursorMove): Promise<RowsReply> => {
    this.calls += 1;
    const { books } = this;
    if (books === undefined) return { kind: 'gone' };
    if (books['cancelledAt'] !== undefined) return { kind: 'cancelled' };
    const read = Number(books['read']);
    const { checksum = '0' } = books;
    if (read !== move.from) return { kind: read >= move.to ? 'ahead' : 'elsewhere', read, checksum };
    if (checksum !== move.fromChecksum) return { kind: 'changed' };
    const answers = rows.map((row) => {
      if (row.key !== undefined && this.taken.has(row.key)) return 'duplicate' as const;
      if (row.key !== undefined) this.taken.add(row.key);
      this.stored.push(row);
      return 'added' as const;
    });
    const duplicates = answers.filter((answer) => answer === 'duplicate').length;
    this.#count('added', answers.length - duplicates);
    this.#count('duplicate', duplicates);
    for (const count of move.rejected.values()) this.#count('rejected', count);
    Object.assign(books, { read: String(move.to), checksum: move.toChecksum });
    if (move.isLast) books['readAt'] = '1';
    const of = (field: string): number => Number(books[field]);
    const counts = { read: of('read'), added: of('added'), duplicate: of('duplicate'), rejected: of('rejected') };
    return { kind: 'ok', answers, counts };
  };

  /** Runs a command on a connection that begins books, notes columns in them, and forgets them. */
  readonly ask = <T>(command: (redis: ProducerRedis) => Promise<T>): Promise<T> => {
    const bullpenOpenBatch = async (...args: (string | number)[]): Promise<Record<string, string>> => {
      this.begun += 1;
      const fields = args.slice(8).map(String);
      if (this.books === undefined) {
        this.begin();
        for (let at = 0; at < fields.length; at += 2) this.#books[fields[at] as string] = fields[at + 1] as string;
      }
      return { ...this.books };
    };
    const bullpenNoteColumns = async (_: string, columns: string): Promise<void> => {
      this.#books['columns'] = columns;
    };
    const bullpenForgetBatch = async (): Promise<void> => {
      if (this.books?.['read'] === '0') this.books = undefined;
    };
    return command({ bullpenOpenBatch, bullpenNoteColumns, bullpenForgetBatch } as unknown as ProducerRedis);
  };

  get #books(): Record<string, string> {
    return this.begin().books as Record<string, string>;
  }

  #count(field: string, more: number): void {
    this.#books[field] = String(Number(this.#books[field]) + more);
  }
}

/** A row that parsed. Its text is its JSON, if it has one. */
export const good = (row: number, value: unknown = { id: row }): SourceRow => {
  let text = `row ${row}`;
  try {
    text = JSON.stringify(value) ?? text;
  } catch {
    // Some tests want values that JSON cannot write.
  }
  return { row, line: row + 1, text, ok: true, value };
};

/** A row that did not parse. */
export const broken = (row: number): SourceRow => ({
  ...{ row, line: row + 1, ok: false, reason: 'not JSON', text: '{' },
});

export const goodRows = (count: number): SourceRow[] => Array.from({ length: count }, (_, at) => good(at + 1));

/** A source of these rows, in blocks. */
export function sourceOf(rows: Iterable<SourceRow>, rowsPerBlock = 1): Pick<Source, 'blocks' | 'name' | 'format'> {
  async function* blocks(): AsyncGenerator<SourceRow[]> {
    let block: SourceRow[] = [];
    for (const row of rows) {
      block.push(row);
      if (block.length < rowsPerBlock) continue;
      yield block;
      block = [];
    }
    if (block.length > 0) yield block;
  }
  return { blocks: blocks(), name: 'rows.ndjson', format: 'ndjson' };
}

/**
 * A source that gives these rows, and then waits for ever, like a pipe into which nobody writes.
 */
export function silentAfter(rows: readonly SourceRow[]): Pick<Source, 'blocks' | 'name' | 'format'> {
  async function* blocks(): AsyncGenerator<readonly SourceRow[]> {
    yield rows;
    await new Promise(() => undefined);
  }
  return { blocks: blocks(), name: '-', format: 'ndjson' };
}
