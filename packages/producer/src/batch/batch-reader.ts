import { type BatchRef, type JobDefinition, SourceInvalid } from '@bullpen/shared';
import { MAX_ROWS } from '@bullpen/shared/internal';
import type { JobRow } from '../enqueue/chunk.js';
import { reasonOfRejection } from '../enqueue/rejections.js';
import { untilAborted } from '../enqueue/until-aborted.js';
import type { SourceRow } from '../source/source-row.js';
import type { BatchOptions } from './batch-options.js';
import { checkRow, isRejected } from './check-row.js';
import type { ChunkRange } from './chunk-range.js';
import { addRowToChecksum } from './row-checksum.js';
import { sourceChanged } from './source-changed.js';

/** Options of a {@link BatchReader}. */
export interface BatchReaderOptions
  extends Pick<BatchOptions, 'name' | 'source' | 'keyField' | 'signal' | 'onRejected' | 'repeatRejected'> {
  readonly job: JobDefinition;
  /** How many rows were read before, and the checksum of these rows. */
  readonly from: { readonly read: number; readonly checksum: string };
}

/**
 * Reads a source from its beginning. Compares the rows that were read before by their checksum, and
 * checks the rows after them.
 */
export class BatchReader {
  readonly #options: BatchReaderOptions;
  #read = 0;
  #checksum = 0;
  #rangeStart: { readonly read: number; readonly checksum: string };
  #checksums: number[] = [];
  #rejectedRows = new Map<number, string>();
  #isAtEnd = false;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
    this.#rangeStart = options.from;
  }

  get #batch(): BatchRef {
    return { name: this.#options.name, queue: this.#options.job.queue };
  }

  /** How many rows were read so far. Rows that were read before count. */
  get read(): number {
    return this.#read;
  }

  /** How many rows were read since the last {@link takeRange}. */
  get sinceRange(): number {
    return this.#read - this.#rangeStart.read;
  }

  /** What was read since the last call. To be called when a chunk is closed. */
  takeRange(): ChunkRange {
    const from = this.#rangeStart;
    const to = { read: this.#read, checksum: String(this.#checksum) };
    const [checksums, rejectedRows] = [this.#checksums, this.#rejectedRows];
    [this.#rangeStart, this.#checksums, this.#rejectedRows] = [to, [], new Map()];
    return {
      ...{ from: from.read, to: to.read, fromChecksum: from.checksum, toChecksum: to.checksum },
      ...{ checksums, rejectedRows, isLast: this.#isAtEnd },
    };
  }

  /**
   * Reads until the source ends or `signal` aborts, also while no rows come.
   * @param take called with each valid row; the reader waits for its promise
   * @param afterBlock called after each block of rows; the reader waits for its promise
   * @returns whether the source came to its end
   * @throws SourceInvalid when the rows that were read before have changed; any error of the source
   */
  async run(
    take: (row: JobRow) => Promise<void> | undefined,
    afterBlock: () => Promise<void> | undefined,
  ): Promise<boolean> {
    const { source, signal, from } = this.#options;
    for await (const rows of signal === undefined ? source.blocks : untilAborted(source.blocks, signal)) {
      for (const row of rows) {
        if (signal?.aborted === true) return false;
        const waiting = this.#next(row, take);
        if (waiting !== undefined) await waiting;
      }
      const waiting = afterBlock();
      if (waiting !== undefined) await waiting;
    }
    // The signal ends the source too. It then looks as if the source had come to its end.
    if (signal?.aborted === true) return false;
    if (this.#read < from.read) throw sourceChanged(this.#batch);
    this.#isAtEnd = true;
    return true;
  }

  #next(row: SourceRow, take: (row: JobRow) => Promise<void> | undefined): Promise<void> | undefined {
    const { job, keyField, from, repeatRejected, onRejected } = this.#options;
    if (row.row > MAX_ROWS) throw new SourceInvalid(`a batch has at most ${MAX_ROWS} rows; split the source`);
    this.#read = row.row;
    this.#checksum = addRowToChecksum(this.#checksum, row.text);
    const wasRead = row.row <= from.read;
    if (!wasRead) this.#checksums.push(this.#checksum);
    if (row.row === from.read && String(this.#checksum) !== from.checksum) throw sourceChanged(this.#batch);
    if (wasRead && (repeatRejected !== true || onRejected === undefined)) return undefined;
    const checking = checkRow(job, row, keyField);
    if (checking instanceof Promise) return checking.then((checked) => this.#handOn(checked, wasRead, take));
    return this.#handOn(checking, wasRead, take);
  }

  #handOn(
    checked: Awaited<ReturnType<typeof checkRow>>,
    wasRead: boolean,
    take: (row: JobRow) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    if (!isRejected(checked)) return wasRead ? undefined : take(checked);
    if (!wasRead) this.#rejectedRows.set(checked.row, reasonOfRejection(checked.faults));
    const telling = this.#options.onRejected?.(checked);
    return telling instanceof Promise ? telling : undefined;
  }
}
