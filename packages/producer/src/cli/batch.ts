import { randomBytes } from 'node:crypto';
import {
  type Config,
  countSetting,
  EXIT,
  type ExitCode,
  type JobDefinition,
  MOST_ROWS_PER_JOB,
  OptionsInvalid,
  onStopSignal,
  optionalDurationSetting,
} from '@bullpen/shared';
import { Command } from 'commander';
import { z } from 'zod';
import { type BatchResult, BatchStopped } from '../batch/batch.js';
import type { BatchOptions } from '../batch/batch-options.js';
import { runDryBatch } from '../batch/dry-run.js';
import { FORMATS, openSource, type Source } from '../batch/source.js';
import type { BatchTotals } from '../insert.js';
import type { Producer } from '../producer.js';
import { adviceFor, exitCodeFor, printReport, type Report } from './batch-report.js';
import { withKeyColumn } from './key-column.js';
import { showCount } from './print.js';
import { type Progress, restoreCursor, startProgress } from './progress.js';
import { openRejects, type Rejects } from './rejects.js';
import { findJob, prioritySetting, startSession, withProducer } from './session.js';

const settings = {
  batch: { flag: '--batch', schema: z.string().optional() },
  format: { flag: '--format', schema: z.enum(FORMATS, `expected ${FORMATS.join(', ')}`).optional() },
  keyField: { flag: '--key-field', schema: z.string().min(1, 'expected the name of a field').optional() },
  rowsPerJob: { flag: '--rows-per-job', schema: countSetting(MOST_ROWS_PER_JOB).optional() },
  maxWaiting: { flag: '--max-waiting', schema: countSetting(1_000_000_000).optional() },
  delay: { flag: '--delay', schema: optionalDurationSetting },
  priority: prioritySetting,
  results: { flag: '--results', schema: z.boolean().default(false) },
  keep: { flag: '--keep', schema: optionalDurationSetting },
  keepKeys: { flag: '--keep-keys', schema: optionalDurationSetting },
  rejects: { flag: '--rejects', schema: z.string().optional() },
  dryRun: { flag: '--dry-run', schema: z.boolean().default(false) },
  wait: { flag: '--wait', schema: z.boolean().default(false) },
};

/** `batch <job> <file|->`: every row of a source. */
export function batchCommand(ends: (code: ExitCode) => void): Command {
  return new Command('batch')
    .description('Enqueues every row of a file, or of the standard input (-).')
    .argument('<job>', 'the name of a job in --jobs')
    .argument('<source>', 'a CSV, NDJSON or JSON file, or - for the standard input')
    .option('--batch <name>', 'name the batch: run again after a stop, it goes on where it was; default a new name')
    .option('--format <format>', `${FORMATS.join(', ')}; default by the file's name`)
    .option('--key-field <field>', 'the field that holds each row’s key; the same key is not added twice')
    .option('--keep-keys <duration>', 'how long keys stay taken, from when their rows were added; default 7d')
    .option('--rows-per-job <n>', 'put so many rows into one job, for small, quick rows; default as the job says, or 1')
    .option('--max-waiting <n>', 'wait while this many jobs are waiting on the queue')
    .option('--delay <duration>', 'wait before the first attempt')
    .option('--priority <n>', '1 is first; a queue has jobs with priorities or without, not both')
    .option('--results', 'keep what the handlers return, up to 16 KiB each')
    .option('--keep <duration>', 'how long the books of the batch are kept after they were last written; default 7d')
    .option('--rejects <file>', 'write rejected rows here, one JSON line each, with line number and reason')
    .option('--dry-run', 'check every row, enqueue nothing; Redis is not needed')
    .option('--wait', 'wait until every job of this batch is settled; exit 1 if any failed')
    .action(async (name: string, path: string, _: unknown, command: Command) => {
      const { config, open } = startSession(command, settings);
      if (config.dryRun && config.wait) {
        throw new OptionsInvalid('cannot run the batch', [
          { path: '--wait', reason: 'a dry run enqueues nothing to wait for' },
        ]);
      }
      const job = await findJob(config.jobs, name);
      const source = await withKeyColumn(await openSource(path, config.format, process.stdin), config.keyField);
      let bar: Progress | undefined;
      const say = (line: string): void => {
        if (bar === undefined) process.stderr.write(`${line}\n`);
        else bar.say(line);
      };
      const rejects = await openRejects(config.rejects, path, say);
      const stop = new AbortController();
      const off = onStopSignal((signal, count) => {
        if (count > 1) {
          restoreCursor();
          process.exit(EXIT.interrupted);
        }
        stop.abort();
        source.close();
        say(`${signal}: stopping after what is under way; once more to stop at once`);
      });
      const startedAt = performance.now();
      try {
        bar = startProgress(config.dryRun ? 'checking' : 'enqueuing', source.totalBytes);
        const run = { job, source, rejects, config, bar, signal: stop.signal };
        const report = config.dryRun
          ? { ...(await enqueueRows(run, (options) => runDryBatch(job, options))), settled: undefined }
          : await withProducer(open(), (producer) => enqueueAndWait(producer, run, config.wait));
        // What was enqueued is told even when the rejects cannot be kept.
        const unkept = await rejects.close().then(
          () => undefined,
          (error: unknown) => error,
        );
        printReport(report, {
          job: job.name,
          durationMs: Math.round(performance.now() - startedAt),
          json: config.json,
          dryRun: config.dryRun,
        });
        const failure = report.failure ?? unkept;
        const advice = config.dryRun || path === '-' ? undefined : adviceFor(report);
        if (advice !== undefined) say(advice);
        if (failure !== undefined) throw failure;
        const change = await source.changed();
        if (change !== undefined && !report.result.interrupted) say(`bullpen-producer: ${path} ${change}`);
        ends(change === undefined ? exitCodeFor(report) : (Math.max(exitCodeFor(report), EXIT.data) as ExitCode));
      } finally {
        off();
        source.close();
        await rejects.close().catch(() => undefined);
      }
    });
}

interface Run {
  readonly job: JobDefinition;
  readonly source: Source;
  readonly rejects: Rejects;
  readonly config: Config<typeof settings>;
  readonly bar: Progress;
  readonly signal: AbortSignal;
}

/** Enqueues all rows with a bar. A failure on the way is part of what it returns: the rows before it are in, and are to be reported. */
async function enqueueRows(
  { source, rejects, config, bar, signal }: Run,
  batch: (options: BatchOptions) => Promise<BatchResult>,
): Promise<Omit<Report, 'settled'>> {
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
function given(config: Config<typeof settings>): Partial<BatchOptions> {
  const { keyField, rowsPerJob, maxWaiting, delay, priority, results, keep, keepKeys } = config;
  const options = { keyField, rowsPerJob, maxWaiting, delay, priority, results, keep, keepKeys };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function enqueueAndWait(producer: Producer, run: Run, wait: boolean): Promise<Report> {
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
