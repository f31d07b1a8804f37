import { type Fault, idForKey, idForRow, isBatchName, type JobDefinition, OptionsInvalid } from '@bullpen/shared';
import { ChunkWriter } from '../chunk-writer.js';
import type { Added, JobRow } from '../insert.js';
import { expiryOf, keyFaults } from '../options.js';
import { checkJson, writePayload } from '../payload.js';
import type { SourceRow } from './source-row.js';

/** A row that was not enqueued, and why. */
export interface RejectedRow {
  /** Its place in the source, counted from 1. */
  readonly row: number;
  /** The line it starts on, where the format has lines. */
  readonly line: number | undefined;
  readonly faults: readonly Fault[];
  /** The row as it was read: its value, or its text when it did not parse. */
  readonly input: unknown;
}

/** How far a batch has come. `read` = `added` + `duplicate` + `rejected` + rows under way. */
export interface BatchCounts {
  readonly read: number;
  readonly added: number;
  readonly duplicate: number;
  readonly rejected: number;
}

/** Options of `batch`. */
export interface BatchOptions {
  /** Names the batch on Redis and in its jobs' ids. Letters, digits, `_`, `-`. */
  readonly batch: string;
  /** In blocks, as a source reads them. */
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  /** The field of each row that holds its key. Without one, a row's id is the batch's name and its row number. */
  readonly keyField?: string;
  /** Validate everything, enqueue nothing; Redis is not asked. */
  readonly dryRun?: boolean;
  /** Stops reading; what was read is still sent and counted. */
  readonly signal?: AbortSignal;
  /** Is told each rejected row. A promise holds the batch until it settles. */
  readonly onRejected?: (row: RejectedRow) => void | Promise<void>;
  /** Is told the counts now and then: after each chunk. */
  readonly onProgress?: (counts: BatchCounts) => void;
}

/** What became of a batch's rows. */
export interface BatchResult extends BatchCounts {
  readonly batch: string;
  /** Whether `signal` ended it before the source did. */
  readonly interrupted: boolean;
}

/** A batch that stopped part of the way, with what was done until then. */
export class BatchStopped extends Error {
  readonly counts: BatchCounts;

  constructor(cause: unknown, counts: BatchCounts) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'BatchStopped';
    this.counts = counts;
  }
}

/**
 * Reads, checks and enqueues every row.
 * @throws OptionsInvalid when the batch cannot have this name
 * @throws BatchStopped when the source or Redis fails on the way; it holds the cause and the counts
 */
export async function runBatch(
  job: JobDefinition,
  options: BatchOptions,
  insert: (rows: readonly JobRow[]) => Promise<Added[]>,
): Promise<BatchResult> {
  const { batch, keyField, signal, onProgress, onRejected } = options;
  if (!isBatchName(batch)) {
    throw new OptionsInvalid('cannot enqueue the batch', [
      { path: 'batch', reason: `expected 1 to 100 letters, digits, '_' or '-', got '${batch}'` },
    ]);
  }
  const counts = { read: 0, added: 0, duplicate: 0, rejected: 0 };
  const writer = new ChunkWriter<number>(insert, (_, __, answers) => {
    for (const answer of answers) counts[answer] += 1;
    onProgress?.({ ...counts });
  });
  const reject = async (source: SourceRow, faults: readonly Fault[]): Promise<void> => {
    counts.rejected += 1;
    await onRejected?.({ row: source.row, line: source.line, faults, input: source.ok ? source.value : source.text });
  };

  try {
    reading: for await (const block of options.rows) {
      for (const source of block) {
        if (signal?.aborted === true) break reading;
        counts.read += 1;
        if (options.dryRun === true && counts.read % 1_000 === 0) onProgress?.({ ...counts });
        if (!source.ok) {
          await reject(source, [{ path: '', reason: source.reason }]);
          continue;
        }
        const { value, json } = source;
        const checking = json === undefined ? writePayload(job, value) : checkJson(job, json, value);
        const checked = checking instanceof Promise ? await checking : checking;
        const key = keyField === undefined ? undefined : readKey(value, keyField);
        const faults = [...(checked.ok ? [] : checked.faults), ...(key?.faults ?? [])];
        if (!checked.ok || faults.length > 0) {
          await reject(source, faults);
          continue;
        }
        if (options.dryRun === true) continue;
        const expiresAt = expiryOf(job, Date.now());
        const waiting = writer.add(
          {
            id: key === undefined ? idForRow(batch, source.row) : idForKey(job.name, key.key),
            data: checked.value,
            delayMs: 0,
            priority: 0,
            bullpen: { batch, row: source.row, ...(expiresAt === undefined ? {} : { expiresAt }) },
          },
          source.row,
        );
        if (waiting !== undefined) await waiting;
      }
    }
  } catch (error) {
    // An abort closes the source under us, and the reader complains: that is how an interruption ends, not a fault.
    if (signal?.aborted !== true) {
      await writer.flush().catch(() => undefined);
      throw new BatchStopped(error, { ...counts });
    }
  }
  // Asked before the last chunks are answered: a signal that comes now ends nothing before its time.
  const interrupted = signal?.aborted === true;
  try {
    await writer.flush();
  } catch (error) {
    throw new BatchStopped(error, { ...counts });
  }
  return { batch, ...counts, interrupted };
}

function readKey(value: unknown, field: string): { key: string; faults: Fault[] } {
  const own = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
  const found = own ? (value as Record<string, unknown>)[field] : undefined;
  const key = typeof found === 'number' ? String(found) : found;
  const reasons = key === undefined ? ['the key field is absent'] : keyFaults(key);
  // Beyond 2^53 several numbers are read as one: their rows would count as duplicates of each other.
  if (Number.isInteger(found) && !Number.isSafeInteger(found)) reasons.push('too large to be exact; write it as text');
  return { key: key as string, faults: reasons.map((reason) => ({ path: field, reason })) };
}
