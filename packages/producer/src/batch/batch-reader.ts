import { type JobDefinition, SourceInvalid } from '@bullpen/shared';
import { MAX_ROWS } from '@bullpen/shared/internal';
import type { JobRow } from '../enqueue/insert.js';
import { untilAborted } from '../enqueue/until-aborted.js';
import type { SourceRow } from '../source/source-row.js';
import type { BatchOptions } from './batch-options.js';
import { checkRow, isRejected } from './check-row.js';
import { type ChunkSeal, changed } from './chunk-sender.js';
import { withRow } from './row-checksum.js';

/** What a {@link BatchReader} is told. */
export interface BatchReading
  extends Pick<BatchOptions, 'batch' | 'source' | 'keyField' | 'signal' | 'onRejected' | 'repeatRejected'> {
  readonly job: JobDefinition;
  /** How far the source was read before, and the checksum of what was read. */
  readonly from: { readonly read: number; readonly checksum: string };
}

/**
 * Reads a source from its beginning, passes over what was read before if it is still the same, and
 * checks the rest.
 */
export class BatchReader {
  readonly #reading: BatchReading;
  #read = 0;
  #checksum = 0;
  #sealed: { readonly read: number; readonly checksum: string };
  #checksums: number[] = [];
  #rejectedRows: number[] = [];
  #isAtEnd = false;

  constructor(reading: BatchReading) {
    this.#reading = reading;
    this.#sealed = reading.from;
  }

  /** Rows read so far, those passed over included. */
  get read(): number {
    return this.#read;
  }

  /** How many rows were read since the last seal. */
  get unsealed(): number {
    return this.#read - this.#sealed.read;
  }

  /** What was read since the last seal: to be asked when a chunk is closed. */
  seal(): ChunkSeal {
    const from = this.#sealed;
    const to = { read: this.#read, checksum: String(this.#checksum) };
    const [checksums, rejectedRows] = [this.#checksums, this.#rejectedRows];
    [this.#sealed, this.#checksums, this.#rejectedRows] = [to, [], []];
    return {
      ...{ from: from.read, to: to.read, fromChecksum: from.checksum, toChecksum: to.checksum },
      ...{ checksums, rejectedRows, isLast: this.#isAtEnd },
    };
  }

  /**
   * Reads to the end, or until `signal` aborts, also while nothing comes.
   * @param take is given each valid row; a promise holds the reading
   * @param block is called after each block of rows; a promise holds the reading
   * @returns whether the source came to its end
   * @throws SourceInvalid when what was read before is not the same any more, and what the source
   *   throws
   */
  async run(
    take: (row: JobRow) => Promise<void> | undefined,
    block: () => Promise<void> | undefined,
  ): Promise<boolean> {
    const { source, signal, batch, from } = this.#reading;
    for await (const rows of signal === undefined ? source.blocks : untilAborted(source.blocks, signal)) {
      for (const row of rows) {
        if (signal?.aborted === true) return false;
        const waiting = this.#next(row, take);
        if (waiting !== undefined) await waiting;
      }
      const waiting = block();
      if (waiting !== undefined) await waiting;
    }
    // What the signal ends, or who is closed because of it, ends as if it were through.
    if (signal?.aborted === true) return false;
    if (this.#read < from.read) throw changed(batch);
    this.#isAtEnd = true;
    return true;
  }

  #next(row: SourceRow, take: (row: JobRow) => Promise<void> | undefined): Promise<void> | undefined {
    const { batch, job, keyField, from, repeatRejected } = this.#reading;
    if (row.row > MAX_ROWS) throw new SourceInvalid(`a batch has at most ${MAX_ROWS} rows; split the source`);
    this.#read = row.row;
    this.#checksum = withRow(this.#checksum, row.text);
    const wasRead = row.row <= from.read;
    if (!wasRead) this.#checksums.push(this.#checksum);
    if (row.row === from.read && String(this.#checksum) !== from.checksum) throw changed(batch);
    if (wasRead && (repeatRejected !== true || this.#reading.onRejected === undefined)) return undefined;
    const checking = checkRow(job, row, keyField);
    if (checking instanceof Promise) return checking.then((checked) => this.#checked(checked, wasRead, take));
    return this.#checked(checking, wasRead, take);
  }

  #checked(
    checked: Awaited<ReturnType<typeof checkRow>>,
    wasRead: boolean,
    take: (row: JobRow) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    if (!isRejected(checked)) return wasRead ? undefined : take(checked);
    if (!wasRead) this.#rejectedRows.push(checked.row);
    const telling = this.#reading.onRejected?.(checked);
    return telling instanceof Promise ? telling : undefined;
  }
}
