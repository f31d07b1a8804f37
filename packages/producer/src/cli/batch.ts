import { OptionsInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { showText } from '@bullpen/shared/internal';
import type { Command } from 'commander';
import { runDryBatch } from '../batch/dry-run.js';
import type { Producer } from '../producer.js';
import { openSource } from '../source/source.js';
import { adviceFor, emptinessOf, exitCodeFor, failureAdviceFor, printReport, type Report } from './batch-report.js';
import { batchSettings } from './batch-settings.js';
import { enqueueAndWait, enqueueRows, type Run } from './enqueue-rows.js';
import { withKeyColumn } from './key-column.js';
import { countOf } from './print.js';
import { type Progress, startProgress } from './progress.js';
import { openRejects } from './rejects.js';
import { findJob, startSession, withProducer } from './session.js';
import { stoppable } from './stoppable.js';

/** `batch <job> <file|->`: enqueues every row of a source. */
export async function run(name: string, path: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, batchSettings);
  if (config.dryRun && config.wait) {
    const reason = 'a dry run enqueues nothing to wait for';
    throw new OptionsInvalid('cannot run the batch', [{ path: '--wait', reason }]);
  }
  const job = await findJob(config.jobs, name);
  const { format, delimiter, keyField } = config;
  const source = await withKeyColumn(await openSource(path, format, process.stdin, { delimiter }), keyField);
  let bar: Progress | undefined;
  const say = (line: string): void => {
    if (bar === undefined) process.stderr.write(`${line}\n`);
    else bar.say(line);
  };
  const rejects = await openRejects(config.rejects, path, say);
  const work = async (signal: AbortSignal): Promise<ExitCode> => {
    const startedAt = performance.now();
    const begins = config.wait ? `enqueuing the rows of ${nameOf(path)}` : undefined;
    bar = startProgress(config.dryRun ? 'checking' : 'enqueuing', source.totalBytes, begins);
    const run: Run = { job, source, rejects, config, bar, signal };
    const report = await enqueue(run, open);
    const durationMs = Math.round(performance.now() - startedAt);
    printReport(report, { job: job.name, durationMs, json: config.json, dryRun: config.dryRun });
    return conclude(report, run, path, say);
  };
  try {
    const code = await stoppable(work, (signal) => {
      source.close();
      say(`${signal}: stopping after the rows that are under way; send it again to stop at once`);
    });
    return code;
  } finally {
    source.close();
    await rejects.close(false).catch(() => undefined);
  }
}

const nameOf = (path: string): string => (path === '-' ? 'the standard input' : showText(path));

async function enqueue(run: Run, open: () => Promise<Producer>): Promise<Report> {
  const { job, config } = run;
  if (!config.dryRun) return withProducer(open(), (producer) => enqueueAndWait(producer, run, config.wait));
  return { ...(await enqueueRows(run, (options) => runDryBatch(job, options))), settled: undefined };
}

/**
 * Says what the user may want to do next, and returns the exit code.
 * @throws what stopped the batch, or what is wrong with the file of rejected rows
 */
async function conclude(
  report: Report,
  { config, source, rejects }: Run,
  path: string,
  say: (line: string) => void,
): Promise<ExitCode> {
  const advice = config.dryRun || path === '-' ? undefined : adviceFor(report);
  if (advice !== undefined) say(advice);
  if (config.rejects !== undefined && report.rejects === 'partly') {
    const count = countOf(rejects.written, 'row');
    say(`${config.rejects} has the ${count} rejected so far; a run that reads to the end writes all of them`);
  }
  const failure = report.failure ?? report.unkept;
  if (failure !== undefined) throw failure;
  const failed = failureAdviceFor(report);
  if (failed !== undefined) say(failed);
  const empty = emptinessOf(report, source);
  if (empty !== undefined) say(`bullpen-producer: ${empty}`);
  const change = await source.changed();
  if (change !== undefined && !report.result.interrupted) say(`bullpen-producer: ${path} ${change}`);
  return change === undefined ? exitCodeFor(report) : (Math.max(exitCodeFor(report), EXIT.data) as ExitCode);
}
