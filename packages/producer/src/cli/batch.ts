import { OptionsInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode, onStopSignal } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { runDryBatch } from '../batch/dry-run.js';
import { FORMATS, openSource } from '../source/source.js';
import { adviceFor, emptinessOf, exitCodeFor, printReport } from './batch-report.js';
import { batchSettings } from './batch-settings.js';
import { withKeyColumn } from './key-column.js';
import { countOf } from './print.js';
import { type Progress, restoreCursor, startProgress } from './progress.js';
import { openRejects } from './rejects.js';
import { enqueueAndWait, enqueueRows } from './run-batch.js';
import { findJob, startSession, withProducer } from './session.js';

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
      const { config, open } = startSession(command, batchSettings);
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
        printReport(report, {
          job: job.name,
          durationMs: Math.round(performance.now() - startedAt),
          json: config.json,
          dryRun: config.dryRun,
        });
        const failure = report.failure ?? report.unkept;
        const advice = config.dryRun || path === '-' ? undefined : adviceFor(report);
        if (advice !== undefined) say(advice);
        if (config.rejects !== undefined && report.rejects === 'partly') {
          say(
            `${config.rejects} has the ${countOf(rejects.written, 'row')} rejected so far; a run that comes to its end writes all of them`,
          );
        }
        if (failure !== undefined) throw failure;
        const empty = emptinessOf(report, source);
        if (empty !== undefined) say(`bullpen-producer: ${empty}`);
        const change = await source.changed();
        if (change !== undefined && !report.result.interrupted) say(`bullpen-producer: ${path} ${change}`);
        ends(change === undefined ? exitCodeFor(report) : (Math.max(exitCodeFor(report), EXIT.data) as ExitCode));
      } finally {
        off();
        source.close();
        await rejects.close(false).catch(() => undefined);
      }
    });
}
