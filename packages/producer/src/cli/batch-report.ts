import { BatchConflict, SourceInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode, showText } from '@bullpen/shared/internal';
import { type BatchResult, BatchStopped } from '../batch/batch-result.js';
import type { SettledBatch } from '../batch/wait-for-batch.js';
import type { Source } from '../source/source.js';
import { countOf, printLine, showCount } from './print.js';

/** How a `batch` command ended. */
export interface Report {
  readonly result: BatchResult;
  /** With --wait: what became of the jobs. */
  readonly settled: SettledBatch | undefined;
  /** What stopped it before its time, when that was not a signal. */
  readonly failure: unknown;
  /** What became of the file of rejected rows. */
  readonly rejects: RejectsKept;
  /** Why it could not be kept, if so. */
  readonly unkept?: unknown;
}

/**
 * Whether rejected rows are kept: all of them, those until the batch stopped, or none, so that what
 * an earlier run wrote stays.
 */
export type RejectsKept = 'all' | 'partly' | 'none';

/**
 * Which rejected rows are to be kept of a run that ended so. One that got nowhere, refused or
 * without a Redis, takes nobody's file away; one that was stopped part of the way has what there is
 * to mend by now.
 * @param written how many rejected rows it has told
 */
export function rejectsToKeep({ result, failure }: Pick<Report, 'result' | 'failure'>, written: number): RejectsKept {
  const { read, resumedAt, wasFinished, interrupted } = result;
  if (failure === undefined && !interrupted) return 'all';
  if (!wasFinished && read > resumedAt) return 'partly';
  // It goes on, and what was rejected before is in the file of the run before; or it is no source
  // of this batch.
  return resumedAt > 0 || wasFinished || written === 0 || isRefused(failure) ? 'none' : 'partly';
}

/** Whether the same command would only fail again. */
const isRefused = (failure: unknown): boolean =>
  failure instanceof BatchStopped && (failure.cause instanceof BatchConflict || failure.cause instanceof SourceInvalid);

/** The exit code of a batch that was not stopped by a failure. */
export function exitCodeFor({ result, settled }: Report): ExitCode {
  if (result.interrupted || settled?.interrupted === true) return EXIT.interrupted;
  if (result.rejected > 0) return EXIT.data;
  return settled !== undefined && settled.failed + settled.cancelled + settled.missing > 0 ? EXIT.failure : EXIT.ok;
}

/**
 * What the same command would do if it were run again, for a batch that did not come to its end;
 * nothing, where it would only fail again.
 */
export function adviceFor({ result, failure }: Report): string | undefined {
  const { batch, interrupted, wasFinished } = result;
  const again = `the same command with --batch ${batch}`;
  const isStopped = failure instanceof BatchStopped;
  if (failure !== undefined && !isStopped) return `all rows are enqueued; ${again} waits for them again`;
  if (wasFinished || (failure === undefined && !interrupted)) return undefined;
  if (isRefused(failure)) return undefined;
  return `the rest is not enqueued; ${again} goes on where this one stopped`;
}

/**
 * What to say of a source that was read to its end and had no rows: more often a mistake than not.
 */
export function emptinessOf(
  { result, failure }: Report,
  { name, totalBytes, bytesRead }: Pick<Source, 'name' | 'totalBytes' | 'bytesRead'>,
): string | undefined {
  if (failure !== undefined || result.interrupted || result.read > 0) return undefined;
  const what = name === '-' ? 'the standard input' : `the file ${showText(name)}`;
  // One that was through before is not read again.
  return `${what} ${(totalBytes ?? bytesRead()) === 0 ? 'is empty' : 'has no rows'}; there is nothing to enqueue`;
}

/** Prints the result: one JSON line, or one sentence per fact. */
export function printReport(
  { result, settled }: Report,
  { job, durationMs, json, dryRun }: { job: string; durationMs: number; json: boolean; dryRun: boolean },
): void {
  const { batch, read, added, duplicate, rejected, resumedAt, wasFinished } = result;
  const interrupted = result.interrupted || settled?.interrupted === true;
  if (json) {
    const { completed, failed, cancelled = 0, missing } = settled ?? {};
    printLine(
      JSON.stringify({
        ...{ batch, job, read, added, duplicate, rejected, durationMs, completed, failed },
        // Only when there is something to say, so that the usual line stays the usual line.
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
  printLine(`batch ${batch}: ${parts.join(', ')}, in ${seconds} s${note}`);
  if (settled === undefined) return;
  const gone =
    settled.missing > 0
      ? `, ${showCount(settled.missing)} missing (removed, or not attempted by a Bullpen worker)`
      : '';
  const cancelled = settled.cancelled > 0 ? `, ${showCount(settled.cancelled)} cancelled` : '';
  printLine(
    `settled: ${showCount(settled.completed)} completed, ${showCount(settled.failed)} failed${cancelled}${gone}`,
  );
}
