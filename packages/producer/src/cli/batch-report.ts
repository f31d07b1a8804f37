import { BatchConflict, SourceInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { showText } from '@bullpen/shared/internal';
import { type BatchResult, BatchStopped } from '../batch/batch-result.js';
import type { SettledBatch } from '../batch/wait-for-batch.js';
import type { Source } from '../source/source.js';
import { countOf, printLine, showCount } from './print.js';

/** How a `batch` command ended. */
export interface Report {
  readonly result: BatchResult;
  /** With --wait: what became of the jobs. */
  readonly settled: SettledBatch | undefined;
  /** The error that stopped it early, if there was one. A stop signal is not an error. */
  readonly failure: unknown;
  /** Which rejected rows the file has now. */
  readonly rejects: RejectsKept;
  /** Why the file could not be written, if so. */
  readonly unkept?: unknown;
}

/**
 * Which rejected rows are kept: all of them; those until the batch stopped; or none, so that the
 * file of an earlier run stays.
 */
export type RejectsKept = 'all' | 'partly' | 'none';

/**
 * Decides which rejected rows of a run are kept. A run that read nothing, because it was refused or
 * Redis was away, does not replace the file of an earlier run. A run that stopped on the way keeps
 * the rows that it rejected so far.
 * @param written how many rejected rows the run has written
 */
export function rejectsToKeep({ result, failure }: Pick<Report, 'result' | 'failure'>, written: number): RejectsKept {
  const { read, resumedAt, wasFinished, interrupted } = result;
  if (failure === undefined && !interrupted) return 'all';
  if (!wasFinished && read > resumedAt) return 'partly';
  // Either the batch was resumed, and the file of the earlier run has its rejected rows, or the
  // source is not the one of this batch.
  return resumedAt > 0 || wasFinished || written === 0 || isRefused(failure) ? 'none' : 'partly';
}

/** Whether the same command would fail again. */
const isRefused = (failure: unknown): boolean =>
  failure instanceof BatchStopped && (failure.cause instanceof BatchConflict || failure.cause instanceof SourceInvalid);

/** The exit code of a batch that no error stopped. */
export function exitCodeFor({ result, settled }: Report): ExitCode {
  if (result.interrupted || settled?.interrupted === true) return EXIT.interrupted;
  if (result.rejected > 0) return EXIT.data;
  return settled !== undefined && settled.failed + settled.cancelled + settled.missing > 0 ? EXIT.failure : EXIT.ok;
}

/**
 * What the same command would do if it were run again, for a batch that stopped early. `undefined`
 * where it would fail again.
 */
export function adviceFor({ result, failure }: Report): string | undefined {
  const { name, interrupted, wasFinished } = result;
  const again = `the same command with --name ${name}`;
  const isStopped = failure instanceof BatchStopped;
  if (failure !== undefined && !isStopped) return `all rows are enqueued; ${again} waits for them again`;
  if (wasFinished || (failure === undefined && !interrupted)) return undefined;
  if (isRefused(failure)) return undefined;
  return `the rest is not enqueued; ${again} goes on where this one stopped`;
}

/** Where to look when rows of a batch that was waited for have failed: that is an exit code of 1. */
export function failureAdviceFor({ settled }: Report): string | undefined {
  if (settled === undefined || settled.failed === 0) return undefined;
  const { name, queue, failed } = settled;
  return `${countOf(failed, 'row')} failed: bullpen-producer batches show ${name} --queue ${queue} says why`;
}

/**
 * A warning about a source that was read to its end and had no rows: this is often a mistake.
 */
export function emptinessOf(
  { result, failure }: Report,
  { name, totalBytes, bytesRead }: Pick<Source, 'name' | 'totalBytes' | 'bytesRead'>,
): string | undefined {
  if (failure !== undefined || result.interrupted || result.read > 0) return undefined;
  const what = name === '-' ? 'the standard input' : `the file ${showText(name)}`;
  // A batch that was finished before does not read its source again.
  return `${what} ${(totalBytes ?? bytesRead()) === 0 ? 'is empty' : 'has no rows'}; there is nothing to enqueue`;
}

/** Prints the result: one JSON line, or one sentence per fact. */
export function printReport(
  { result, settled }: Report,
  { job, durationMs, json, dryRun }: { job: string; durationMs: number; json: boolean; dryRun: boolean },
): void {
  const { name, queue, read, added, duplicate, rejected, resumedAt, wasFinished } = result;
  const interrupted = result.interrupted || settled?.interrupted === true;
  if (json) {
    const { completed, failed, cancelled = 0, missing } = settled ?? {};
    printLine(
      JSON.stringify({
        ...{ name, queue, job, read, added, duplicate, rejected, durationMs, completed, failed },
        // Fields that are rarely needed are left out when they say nothing.
        ...(cancelled > 0 ? { cancelled } : {}),
        ...(missing !== undefined && missing > 0 ? { missing } : {}),
        ...(resumedAt > 0 && !wasFinished ? { resumedAt } : {}),
        ...(wasFinished ? { wasFinished } : {}),
        ...(interrupted ? { interrupted } : {}),
        ...(dryRun ? { dryRun } : {}),
      }),
    );
    return;
  }
  const seconds = (durationMs / 1000).toFixed(1);
  if (dryRun) {
    printLine(
      `dry run: ${countOf(read, 'row')} read, ${showCount(read - rejected)} valid, ${showCount(rejected)} rejected, in ${seconds} s`,
    );
    return;
  }
  const parts = [
    `${countOf(read, 'row')} read`,
    `${showCount(added)} added`,
    `${showCount(duplicate)} duplicate`,
    `${showCount(rejected)} rejected`,
  ];
  const notes = [
    ...(wasFinished ? ['finished before, nothing was added'] : []),
    ...(resumedAt > 0 && !wasFinished ? [`went on after row ${showCount(resumedAt)}`] : []),
    ...(interrupted ? ['interrupted'] : []),
  ];
  const note = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  printLine(`batch ${name}: ${parts.join(', ')}, in ${seconds} s${note}`);
  if (settled === undefined) return;
  const gone =
    settled.missing > 0
      ? `, ${showCount(settled.missing)} missing (removed, or not attempted by a Bullpen worker); batches repair ${name} brings them back or settles them`
      : '';
  const cancelled = settled.cancelled > 0 ? `, ${showCount(settled.cancelled)} cancelled` : '';
  printLine(
    `settled: ${showCount(settled.completed)} completed, ${showCount(settled.failed)} failed${cancelled}${gone}`,
  );
}
