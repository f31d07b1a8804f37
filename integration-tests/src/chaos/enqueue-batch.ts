import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchStopped, openSource, type Producer } from '@bullpen/producer';
import { hasCode } from '@bullpen/shared';
import { hostNow } from '../support/host-now.js';
import { BATCH_LINES, type BatchLine } from './batch-lines.js';
import { SOURCE } from './batch-source.js';
import { jobOf } from './jobs.js';
import { appendLine, type LedgerLine, readLines } from './ledger.js';
import { BATCH, type Plan, type PlannedBatch } from './planned.js';
import { untilAnswered } from './until-answered.js';

const LOOK_MS = 50;
/** A batch of which too few rows start is cancelled all the same after this time. */
const PATIENCE_MS = 4_000;

/**
 * Enqueues the batch of the plan from its file, cancels it if the plan says so, and writes down what
 * was answered. Killed and started again, it goes on.
 */
export async function enqueueBatch(
  producer: Producer,
  { batch }: Plan,
  { folder, beganAt }: { readonly folder: string; readonly beganAt: number },
): Promise<void> {
  if (batch === undefined) return;
  await sleep(Math.max(0, beganAt + batch.atMs - hostNow()));
  const book = new Book(join(folder, BATCH_LINES));
  book.write({ event: 'begun', at: hostNow() });
  await Promise.all([runBatch(producer, batch, folder, book), cancelBatch(producer, batch, folder, book)]);
}

async function runBatch(producer: Producer, batch: PlannedBatch, folder: string, book: Book): Promise<void> {
  const { queue, priority, rowsPerJob, isKeyed, maxWaiting, cancelAfter } = batch;
  while (!book.has('enqueued')) {
    const run = async () => {
      // A source can be read once.
      const source = await openSource(join(folder, SOURCE), 'ndjson', process.stdin);
      const options = { name: BATCH, source, rowsPerJob, maxWaiting, results: true };
      return producer.batches.run(jobOf({ queue, kind: 'work' }), {
        ...options,
        ...(isKeyed && { keyField: 'key' }),
        ...(priority > 0 && { priority }),
      });
    };
    try {
      const { read, added, duplicate, rejected } = await untilAnswered(run);
      book.write({ event: 'enqueued', at: hostNow(), totals: { read, added, duplicate, rejected } });
    } catch (error) {
      const cause: unknown = error instanceof BatchStopped ? error.cause : error;
      if (hasCode(cause, 'BULLPEN_BATCH_CONFLICT') && cancelAfter !== undefined) {
        book.write({ event: 'enqueued', at: hostNow() });
        // FLUSHALL took its books.
      } else if (!hasCode(cause, 'BULLPEN_BATCH_LOST')) throw error;
    }
  }
}

async function cancelBatch(producer: Producer, batch: PlannedBatch, folder: string, book: Book): Promise<void> {
  const { queue, cancelAfter } = batch;
  if (cancelAfter === undefined) return;
  const deadline = performance.now() + PATIENCE_MS;
  while (startedRows(folder) < cancelAfter && performance.now() < deadline) await sleep(LOOK_MS);
  while (!book.has('cancelled')) {
    book.write({ event: 'cancelling', at: hostNow() });
    try {
      const { found } = await untilAnswered(() => producer.batches.cancel({ name: BATCH, queue }));
      book.write({ event: 'cancelled', at: hostNow(), found });
    } catch (error) {
      if (!hasCode(error, 'BULLPEN_BATCH_UNKNOWN') && !hasCode(error, 'BULLPEN_BATCH_LOST')) throw error;
      // It is not begun yet; or FLUSHALL took its books.
      if (book.has('enqueued')) book.write({ event: 'cancelled', at: hostNow(), found: 'unknown' });
      else await sleep(LOOK_MS);
    }
  }
}

function startedRows(folder: string): number {
  const ids = readLines<LedgerLine>(join(folder, 'ledger.ndjson')).flatMap(({ jobId }) => jobId ?? []);
  return new Set(ids.filter((id) => id.startsWith(`b-${BATCH}-`))).size;
}

/** What the producer, in all its lives, has written down of the batch. */
class Book {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  has(event: BatchLine['event']): boolean {
    return readLines<BatchLine>(this.#path).some((line) => line.event === event);
  }

  write(line: BatchLine): void {
    appendLine(this.#path, line);
  }
}
