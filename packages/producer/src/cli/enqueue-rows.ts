import { randomBytes } from 'node:crypto';
import type { JobDefinition } from '@bullpen/shared';
import type { Config } from '@bullpen/shared/command';
import { showText } from '@bullpen/shared/internal';
import type { BatchOptions } from '../batch/batch-options.js';
import { type BatchResult, BatchStopped } from '../batch/batch-result.js';
import { describeWait } from '../books/batch-wait.js';
import type { BatchTotals } from '../enqueue/insert-reply.js';
import type { Producer } from '../producer.js';
import type { Source } from '../source/source.js';
import { type Report, rejectsToKeep } from './batch-report.js';
import type { batchSettings } from './batch-settings.js';
import { CellTypes } from './cell-types.js';
import { countOf, showCount } from './print.js';
import { type Progress, startProgress } from './progress.js';
import type { Rejects } from './rejects.js';
import { Standstill } from './standstill.js';

/** The parts that a run of `batch` works with. */
export interface Run {
  readonly job: JobDefinition;
  readonly source: Source;
  readonly rejects: Rejects;
  readonly config: Config<typeof batchSettings>;
  readonly bar: Progress;
  readonly signal: AbortSignal;
}

/**
 * Enqueues all rows, shows a bar, and closes the file of rejected rows, so that it can be read
 * while the command still waits for the jobs. An error on the way is returned, not thrown: the rows
 * before it are enqueued and must be reported.
 */
export async function enqueueRows(
  run: Run,
  batch: (options: BatchOptions) => Promise<BatchResult>,
): Promise<Omit<Report, 'settled'>> {
  const { rejects } = run;
  const ended = await readRows(run, batch);
  const kept = rejectsToKeep(ended, rejects.written);
  // The rows that were enqueued are reported even when the rejected rows cannot be kept.
  const unkept = await rejects.close(kept !== 'none').then(
    () => undefined,
    (error: unknown) => error,
  );
  return { ...ended, rejects: kept, unkept };
}

async function readRows(
  { job, source, rejects, config, bar, signal }: Run,
  batch: (options: BatchOptions) => Promise<BatchResult>,
): Promise<Pick<Report, 'result' | 'failure'>> {
  const { dryRun, name = nameBatch(new Date()), keyField, rowsPerJob, maxWaiting } = config;
  const { delay, priority, results, keep, keepKeys } = config;
  // The bar stops where it is; messages follow below it.
  signal.addEventListener('abort', () => bar.stop(), { once: true });
  const cellTypes = new CellTypes(job, source.format, (line) => bar.say(line));
  try {
    const result = await batch({
      ...{ name, source, signal, dryRun, keyField, rowsPerJob, maxWaiting },
      ...{ delay, priority, results, keep, keepKeys },
      // The file is written anew by each run and must have all rejected rows.
      repeatRejected: config.rejects !== undefined,
      onRejected: (row) => cellTypes.note(row)?.then(() => rejects.write(row)) ?? rejects.write(row),
      onProgress: (totals, before) => bar.update(source.bytesRead(), totals.read, noteOf(totals), before),
      onFull: (waiting) =>
        bar.wait(`waiting for room: ${countOf(waiting, 'job waits', 'jobs wait')} on '${showText(job.queue)}'`),
    });
    await cellTypes.end(result.read);
    if (result.wasFinished) bar.clear();
    else if (!result.interrupted) {
      bar.update(source.totalBytes ?? source.bytesRead(), result.read, noteOf(result), result.resumedAt);
    }
    return { result, failure: undefined };
  } catch (error) {
    if (!(error instanceof BatchStopped)) throw error;
    const { totals, resumedAt, wasFinished } = error;
    if (wasFinished) bar.clear();
    const result = { name, queue: job.queue, ...totals, resumedAt, wasFinished, interrupted: signal.aborted };
    return { result, failure: error };
  } finally {
    bar.stop();
  }
}

/** Enqueues all rows, and with `wait` follows them until they are settled. */
export async function enqueueAndWait(producer: Producer, run: Run, wait: boolean): Promise<Report> {
  const enqueued = await enqueueRows(run, (options) => producer.batches.run(run.job, options));
  const { result, failure } = enqueued;
  if (!wait || failure !== undefined || result.interrupted) return { ...enqueued, settled: undefined };
  const begins =
    result.added === 0
      ? undefined
      : `batch ${result.name}: waiting until ${countOf(result.added, 'row is', 'rows are')} settled`;
  const bar = startProgress('settling', result.added, begins);
  run.signal.addEventListener('abort', () => bar.stop(), { once: true });
  try {
    const { name, queue } = result;
    const standstill = new Standstill(async () => {
      const { waits } = await producer.batches.show({ name, queue });
      return waits && describeWait(waits);
    });
    const settled = await producer.batches.wait({
      ...{ name, queue },
      signal: run.signal,
      onProgress({ completed, failed, cancelled }) {
        const done = completed + failed + cancelled;
        const why = standstill.note(done);
        if (why === undefined) bar.update(done, done, failed > 0 ? `${showCount(failed)} failed` : '');
        else bar.wait(why);
      },
    });
    return { ...enqueued, settled };
  } catch (error) {
    return { ...enqueued, settled: undefined, failure: error };
  } finally {
    bar.stop();
  }
}

const noteOf = ({ rejected }: BatchTotals): string => (rejected > 0 ? `${showCount(rejected)} rejected` : '');

/**
 * A batch's name: the time, for people, and a random part, because others may start in the same
 * second.
 */
function nameBatch(now: Date): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`;
}
