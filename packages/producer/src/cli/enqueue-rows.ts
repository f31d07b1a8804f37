import { randomBytes } from 'node:crypto';
import type { JobDefinition } from '@bullpen/shared';
import { type Config, showText } from '@bullpen/shared/internal';
import type { BatchOptions } from '../batch/batch-options.js';
import { type BatchResult, BatchStopped } from '../batch/batch-result.js';
import type { BatchTotals } from '../enqueue/insert-reply.js';
import type { Producer } from '../producer.js';
import type { Source } from '../source/source.js';
import { type Report, rejectsToKeep } from './batch-report.js';
import type { batchSettings } from './batch-settings.js';
import { countOf, showCount } from './print.js';
import { type Progress, startProgress } from './progress.js';
import type { Rejects } from './rejects.js';

/** What a run of `batch` works with. */
export interface Run {
  readonly job: JobDefinition;
  readonly source: Source;
  readonly rejects: Rejects;
  readonly config: Config<typeof batchSettings>;
  readonly bar: Progress;
  readonly signal: AbortSignal;
}

/**
 * Enqueues all rows with a bar, and keeps the rejected ones: whoever waits for the jobs may read
 * them meanwhile. A failure on the way is part of what it returns: the rows before it are in, and
 * are to be reported.
 */
export async function enqueueRows(
  run: Run,
  batch: (options: BatchOptions) => Promise<BatchResult>,
): Promise<Omit<Report, 'settled'>> {
  const { rejects } = run;
  const ended = await readRows(run, batch);
  const kept = rejectsToKeep(ended, rejects.written);
  // What was enqueued is told even when the rejects cannot be kept.
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
  const { dryRun, batch: name = nameBatch(new Date()) } = config;
  // Frozen where it was, so that what is said next stands below it.
  signal.addEventListener('abort', () => bar.stop(), { once: true });
  try {
    const result = await batch({
      ...{ batch: name, source, signal, dryRun, ...given(config) },
      // A file of them is written anew each time, and is to be complete.
      repeatRejected: config.rejects !== undefined,
      onRejected: (row) => rejects.write(row),
      onProgress: (totals, before) => bar.update(source.bytesRead(), totals.read, noteOf(totals), before),
      onFull: (waiting) =>
        bar.wait(`waiting for room: ${countOf(waiting, 'job waits', 'jobs wait')} on '${showText(job.queue)}'`),
    });
    if (result.wasFinished) bar.clear();
    else if (!result.interrupted) {
      bar.update(source.totalBytes ?? source.bytesRead(), result.read, noteOf(result), result.resumedAt);
    }
    return { result, failure: undefined };
  } catch (error) {
    if (!(error instanceof BatchStopped)) throw error;
    const { totals, resumedAt, wasFinished } = error;
    if (wasFinished) bar.clear();
    const result = { batch: name, ...totals, resumedAt, wasFinished, interrupted: signal.aborted };
    return { result, failure: error };
  } finally {
    bar.stop();
  }
}

/** The options that were given as they are. */
function given(config: Config<typeof batchSettings>): Partial<BatchOptions> {
  const { keyField, rowsPerJob, maxWaiting, delay, priority, results, keep, keepKeys } = config;
  const options = { keyField, rowsPerJob, maxWaiting, delay, priority, results, keep, keepKeys };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Enqueues all rows, and with `wait` follows them until they are settled. */
export async function enqueueAndWait(producer: Producer, run: Run, wait: boolean): Promise<Report> {
  const enqueued = await enqueueRows(run, (options) => producer.batch(run.job, options));
  const { result, failure } = enqueued;
  if (!wait || failure !== undefined || result.interrupted) return { ...enqueued, settled: undefined };
  const bar = startProgress('settling', result.added);
  run.signal.addEventListener('abort', () => bar.stop(), { once: true });
  try {
    const settled = await producer.waitForBatch(run.job, {
      batch: result.batch,
      signal: run.signal,
      onProgress({ completed, failed, cancelled }) {
        const done = completed + failed + cancelled;
        bar.update(done, done, failed > 0 ? `${showCount(failed)} failed` : '');
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

/** A batch's name: when it was begun, for people, and enough chance to be alone in that second. */
function nameBatch(now: Date): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`;
}
