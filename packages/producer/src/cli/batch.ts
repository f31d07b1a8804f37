import { randomBytes } from 'node:crypto';
import { EXIT, type ExitCode, type JobDefinition, OptionsInvalid, onStopSignal } from '@bullpen/shared';
import { Command } from 'commander';
import { z } from 'zod';
import { type BatchCounts, type BatchOptions, type BatchResult, BatchStopped, runBatch } from '../batch/batch.js';
import { FORMATS, openSource, type Source } from '../batch/source.js';
import type { Producer } from '../producer.js';
import { exitCodeFor, printReport, type Report } from './batch-report.js';
import { showCount } from './print.js';
import { restoreCursor, startProgress } from './progress.js';
import { openRejects, type Rejects } from './rejects.js';
import { findJob, startSession, withProducer } from './session.js';

const settings = {
  format: { flag: '--format', schema: z.enum(FORMATS, `expected ${FORMATS.join(', ')}`).optional() },
  keyField: { flag: '--key-field', schema: z.string().min(1, 'expected the name of a field').optional() },
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
    .option('--format <format>', `${FORMATS.join(', ')}; default by the file's name`)
    .option('--key-field <field>', 'the field that holds each row’s key; the same key is not added twice')
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
      const source = await openSource(path, config.format, process.stdin);
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
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
        const run = { job, source, rejects, keyField: config.keyField, dryRun: config.dryRun, signal: stop.signal };
        const report = config.dryRun
          ? { ...(await enqueueRows(run, (options) => runBatch(job, options, notInDryRun))), settled: undefined }
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
        if (failure !== undefined) throw failure;
        ends(exitCodeFor(report));
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
  readonly keyField: string | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Enqueues all rows with a bar. A failure on the way is part of what it returns: the rows before it are in, and are to be reported. */
async function enqueueRows(
  { source, rejects, keyField, dryRun, signal }: Run,
  batch: (options: BatchOptions) => Promise<BatchResult>,
): Promise<Omit<Report, 'settled'>> {
  const bar = startProgress(dryRun ? 'checking' : 'enqueuing', source.totalBytes);
  const name = nameBatch(new Date());
  // Frozen where it was, so that what is said next stands below it.
  signal.addEventListener('abort', () => bar.stop(), { once: true });
  try {
    const result = await batch({
      batch: name,
      rows: source.blocks,
      ...(keyField === undefined ? {} : { keyField }),
      dryRun,
      signal,
      onRejected: (row) => rejects.write(row),
      onProgress: (counts) => bar.update(source.bytesRead(), counts.read, noteOf(counts)),
    });
    if (!result.interrupted) bar.update(source.totalBytes ?? 0, result.read, noteOf(result));
    return { result, failure: undefined };
  } catch (error) {
    if (!(error instanceof BatchStopped)) throw error;
    return { result: { batch: name, ...error.counts, interrupted: signal.aborted }, failure: error };
  } finally {
    bar.stop();
  }
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
      added: result.added,
      signal: run.signal,
      onProgress({ completed, failed }) {
        const done = completed + failed;
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

const notInDryRun = (): never => {
  throw new Error('a dry run enqueues nothing');
};

const noteOf = ({ rejected }: BatchCounts): string => (rejected > 0 ? `${showCount(rejected)} rejected` : '');

/** A batch's name: when it was begun, for people, and enough chance to be alone in that second. */
function nameBatch(now: Date): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(4).toString('hex')}`;
}
