import { BatchConflict, RedisUnavailable, SourceInvalid } from '@bullpen/shared';
import { describe, expect, it, vi } from 'vitest';
import { type BatchResult, BatchStopped } from '../batch/batch-result.js';
import type { SettledBatch } from '../batch/wait-for-batch.js';
import {
  adviceFor,
  emptinessOf,
  exitCodeFor,
  failureAdviceFor,
  printReport,
  type RejectsKept,
  type Report,
  rejectsToKeep,
} from './batch-report.js';

const result: BatchResult = {
  ...{ name: 'b1', queue: 'mail', read: 1_234, added: 1_200, duplicate: 30, rejected: 4 },
  ...{ resumedAt: 0, wasFinished: false, interrupted: false },
};
const whole = { ...result, read: 2, added: 2, duplicate: 0, rejected: 0 };
const allDone: SettledBatch = {
  name: 'b1',
  queue: 'mail',
  added: 2,
  completed: 2,
  failed: 0,
  cancelled: 0,
  missing: 0,
  interrupted: false,
};

const reportOf = (parts: Partial<Report>): Report => ({
  result: whole,
  settled: undefined,
  failure: undefined,
  rejects: 'all',
  ...parts,
});

/** What a report prints to stdout. */
function printed(report: Report, { json = false, dryRun = false } = {}): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    printReport(report, { job: 'mail.send', durationMs: 1_540, json, dryRun });
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

describe('adviceFor', () => {
  const away = new RedisUnavailable('away', { unanswered: false });
  const stoppedBy = (cause: Error) => ({ failure: new BatchStopped({ name: 'b1', queue: 'mail' }, cause, whole, 0) });
  const rest = 'the rest is not enqueued; the same command with --name b1 goes on where this one stopped';
  it.each<[string, Partial<Report>, string | undefined]>([
    ['a batch that is through', {}, undefined],
    ['one that was interrupted', { result: { ...whole, interrupted: true } }, rest],
    ['an outage on the way', stoppedBy(away), rest],
    [
      'an outage when all rows were in',
      { failure: away },
      'all rows are enqueued; the same command with --name b1 waits for them again',
    ],
    ['one that was cancelled', stoppedBy(new BatchConflict({ name: 'b1' }, 'cancelled')), undefined],
    ['a source that is no good', stoppedBy(new SourceInvalid('no JSON')), undefined],
    ['one that was finished before', { result: { ...whole, wasFinished: true, interrupted: true } }, undefined],
  ])('says of %s', (_, parts, advice) => {
    expect(adviceFor(reportOf(parts))).toBe(advice);
  });
});

describe('rejectsToKeep', () => {
  const stopped = (cause: Error): Partial<Report> => ({
    failure: new BatchStopped({ name: 'b1', queue: 'mail' }, cause, whole, 0),
  });
  const away = stopped(new RedisUnavailable('away', { unanswered: false }));
  const refused = stopped(new SourceInvalid('another one'));
  const further = { ...whole, resumedAt: 1 };
  const nowhere = { ...whole, resumedAt: 2 };
  const untouched = { ...whole, read: 0, added: 0 };
  it.each<[string, Partial<Report>, number, RejectsKept]>([
    ['a batch that is through', {}, 0, 'all'],
    ['one whose jobs were waited for in vain', { result: { ...whole, wasFinished: true } }, 1, 'all'],
    ['one that was interrupted', { result: { ...further, interrupted: true } }, 0, 'partly'],
    ['an outage on the way', { ...away, result: further }, 3, 'partly'],
    ['a source that breaks on the way', { ...refused, result: further }, 3, 'partly'],
    ['an outage before anything was added to what was read', { ...away, result: nowhere }, 3, 'none'],
    ['another source', { ...refused, result: nowhere }, 3, 'none'],
    ['another source of a new batch', { ...refused, result: untouched }, 3, 'none'],
    ['an outage that let nothing through', { ...away, result: untouched }, 0, 'none'],
    ['an interruption before the books were written', { result: { ...untouched, interrupted: true } }, 3, 'partly'],
    ['one that was through, interrupted', { result: { ...whole, wasFinished: true, interrupted: true } }, 3, 'none'],
  ])('says of %s', (_, parts, written, kept) => {
    expect(rejectsToKeep(reportOf(parts), written)).toBe(kept);
  });
});

describe('emptinessOf', () => {
  const none = { ...whole, read: 0, added: 0 };
  const file = (bytes: number) => ({ name: 'a.csv', totalBytes: bytes, bytesRead: () => 0 });
  const pipe = (bytes: number) => ({ name: '-', totalBytes: undefined, bytesRead: () => bytes });
  it.each([
    ['a file of nothing', none, file(0), 'the file a.csv is empty; there is nothing to enqueue'],
    ['a file of a header', none, file(7), 'the file a.csv has no rows; there is nothing to enqueue'],
    ['a pipe of nothing', none, pipe(0), 'the standard input is empty; there is nothing to enqueue'],
    ['a pipe of blanks', none, pipe(2), 'the standard input has no rows; there is nothing to enqueue'],
    ['a pipe in which nothing came until it was left', { ...none, interrupted: true }, pipe(0), undefined],
    ['a file with rows', whole, file(7), undefined],
  ])('says of %s', (_, of, source, says) => {
    expect(emptinessOf(reportOf({ result: of }), source)).toBe(says);
  });
});

describe('failureAdviceFor', () => {
  it('says where to look when rows failed, and nothing else', () => {
    const failed = reportOf({ settled: { ...allDone, completed: 1, failed: 1 } });
    expect(failureAdviceFor(failed)).toBe('1 row failed: bullpen-producer batches show b1 --queue mail says why');
    expect([reportOf({}), reportOf({ settled: allDone })].map(failureAdviceFor)).toEqual([undefined, undefined]);
  });
});

describe('exitCodeFor', () => {
  it.each<[string, Partial<Report>, number]>([
    ['all rows are in', {}, 0],
    ['some were there already', { result: { ...whole, duplicate: 1 } }, 0],
    ['some were rejected', { result }, 65],
    ['it was interrupted, whatever was rejected', { result: { ...result, interrupted: true } }, 75],
    ['all jobs completed', { settled: allDone }, 0],
    ['a job failed', { settled: { ...allDone, failed: 1 } }, 1],
    ['a job was cancelled', { settled: { ...allDone, cancelled: 1 } }, 1],
    ['a job is missing', { settled: { ...allDone, missing: 1 } }, 1],
    ['the wait was interrupted', { settled: { ...allDone, failed: 1, interrupted: true } }, 75],
    ['rows were rejected and jobs failed', { result, settled: { ...allDone, failed: 1 } }, 65],
  ])('is right when %s', (_, parts, code) => {
    expect(exitCodeFor(reportOf(parts))).toBe(code);
  });
});

describe('printReport', () => {
  it('prints one sentence of counts', () => {
    expect(printed(reportOf({ result }))).toBe(
      'batch b1: 1,234 rows read, 1,200 added, 30 duplicate, 4 rejected, in 1.5 s\n',
    );
  });

  it('says when it was interrupted, and what became of the jobs', () => {
    const settled = { ...allDone, completed: 1, failed: 1, interrupted: true };
    expect(printed(reportOf({ settled }))).toBe(
      'batch b1: 2 rows read, 2 added, 0 duplicate, 0 rejected, in 1.5 s (interrupted)\nsettled: 1 completed, 1 failed\n',
    );
    expect(printed(reportOf({ settled: { ...allDone, missing: 1 } }))).toContain('0 failed, 1 missing (removed');
    expect(printed(reportOf({ settled: { ...allDone, cancelled: 1 } }))).toContain('0 failed, 1 cancelled\n');
  });

  it('says where it went on, and when there was nothing left to do', () => {
    expect(printed(reportOf({ result: { ...whole, resumedAt: 1_000 } }))).toContain('(went on after row 1,000)\n');
    const finished = { ...whole, resumedAt: 2, wasFinished: true };
    expect(printed(reportOf({ result: finished }))).toContain('(finished before, nothing was added)\n');
    expect(JSON.parse(printed(reportOf({ result: finished }), { json: true }))).toMatchObject({ wasFinished: true });
    const resumed = reportOf({ result: { ...whole, resumedAt: 1 } });
    expect(JSON.parse(printed(resumed, { json: true }))).toMatchObject({ resumedAt: 1 });
  });

  it('says one row of one', () => {
    expect(printed(reportOf({ result: { ...whole, read: 1 } }))).toContain(': 1 row read, ');
  });

  it('counts valid rows after a dry run', () => {
    expect(printed(reportOf({ result: { ...result, added: 0 } }), { dryRun: true })).toBe(
      'dry run: 1,234 rows read, 1,230 valid, 4 rejected, in 1.5 s\n',
    );
  });

  it('prints exactly one line of JSON, with what there is to say', () => {
    expect(JSON.parse(printed(reportOf({ result }), { json: true }))).toEqual({
      ...{
        name: 'b1',
        queue: 'mail',
        job: 'mail.send',
        read: 1_234,
        added: 1_200,
        duplicate: 30,
        rejected: 4,
        durationMs: 1_540,
      },
    });
    const settled = { ...allDone, completed: 1, missing: 1, interrupted: true };
    const line = printed(reportOf({ settled }), { json: true, dryRun: true });
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({ completed: 1, failed: 0, missing: 1, interrupted: true, dryRun: true });
  });
});
