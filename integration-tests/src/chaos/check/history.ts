import type { Facts, IntendedJob } from '../facts.js';
import type { Fault } from '../fault.js';
import type { LedgerLine } from '../ledger.js';
import { type ExitReason, type LogLine, READY, STOPPED, TOLD } from '../life.js';
import type { AcceptedLine, CancelLine } from '../producer-lines.js';
import type { StoredJob } from '../snapshot.js';

/** Instants in a history made by hand are seconds since its beginning; this converts them. */
const T0 = Date.UTC(2030, 0, 1);
export const at = (seconds: number): number => T0 + seconds * 1_000;
const time = (seconds: number): string => new Date(at(seconds)).toISOString();

export const intended = (id: string, more: Partial<IntendedJob> = {}): IntendedJob => ({
  ...{ id, queue: 'q', kind: 'work', key: id, ms: 100, heed: true, throws: 0, blockMs: 0, delayMs: 0, sentAt: at(0.5) },
  ...more,
});

/** The producer was told that these jobs were added. */
export const answered = (ids: readonly string[], more: Partial<AcceptedLine> = {}): AcceptedLine => ({
  ...{ chunk: 0, ids, added: ids, sentAt: at(0.5), at: at(0.6), wasRefused: false },
  ...more,
});

/** The producer was told this of its call that cancels a job. */
export const cancel = (id: string, answer: CancelLine['answer'], seconds: number): CancelLine => {
  return { key: id, id, answer, sentAt: at(seconds - 0.1), at: at(seconds) };
};

export const stored = (id: string, more: Partial<StoredJob> = {}): StoredJob => ({
  ...{ id, queue: 'q', places: ['completed'], attemptsMade: 1, crashes: 0, failedReason: undefined },
  ...{ key: id, result: { run: `${id}-1` }, finishedOn: at(2) },
  ...more,
});

export interface HandMadeRun {
  readonly jobId: string;
  /** Default: the id. */
  readonly key?: string;
  readonly pid?: number;
  readonly attempt?: number;
  readonly from: number;
  readonly to?: number;
  readonly how?: 'end' | 'threw' | 'left' | 'poison';
  readonly aborted?: number;
  readonly reason?: string;
}

/** The ledger's lines of one handler's call; without `to` it never concluded. */
export function ran(
  run: string,
  { jobId, key = jobId, pid = 1, attempt = 1, from, to, how = 'end', ...more }: HandMadeRun,
): LedgerLine[] {
  const line = (event: LedgerLine['event'], seconds: number, reason?: string): LedgerLine => ({
    ...{ event, pid, at: at(seconds), run, jobId, attempt },
    ...(reason === undefined ? {} : { reason }),
  });
  const { aborted, reason = 'WorkerDraining' } = more;
  return [
    { ...line('start', from), key },
    ...(aborted === undefined ? [] : [line('aborted', aborted, reason)]),
    ...(to === undefined ? [] : [line(how, to)]),
  ];
}

/** The summary that a worker logs when it stops; the counts must add up. */
export function stoppedLine(
  seconds: number,
  more: Record<string, unknown> = {},
  since: Record<string, number> = {},
): LogLine {
  const zero = { active: 0, completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, cutOff: 0 };
  const sinceStart = { completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, unrecorded: 0, ...since };
  return { msg: STOPPED, time: time(seconds), ...zero, ...more, sinceStart };
}

export const readyLine = (seconds: number): LogLine => ({ msg: READY, time: time(seconds) });
export const toldLine = (seconds: number): LogLine => ({ msg: TOLD, time: time(seconds) });

/** A worker that was told to stop after ten seconds, and stopped at once. */
export const life = (pid: number, more: Partial<ExitReason> = {}): ExitReason => ({
  ...{ slot: 0, pid, startedAt: at(0), exitedAt: at(10.1), code: 0, signal: null },
  sent: [{ signal: 'SIGTERM', at: at(10) }],
  log: [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { completed: 1 })],
  ...more,
});

/** A worker that was killed. */
export const killed = (pid: number, seconds: number): ExitReason =>
  life(pid, {
    ...{ exitedAt: at(seconds), code: null, signal: 'SIGKILL', log: [readyLine(0.5)] },
    sent: [{ signal: 'SIGKILL', at: at(seconds) }],
  });

/**
 * A run in which one worker attempted and completed the one job. Tests add everything else to it.
 */
export function history(more: Partial<Facts> = {}): Facts {
  return {
    concurrency: 5,
    intended: [intended('a')],
    accepted: [answered(['a'])],
    cancels: [],
    reuses: [],
    ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9 }),
    stored: [stored('a')],
    faults: [],
    lives: [life(1)],
    waits: [],
    restless: undefined,
    ...more,
  };
}

/**
 * So many jobs that process 1 ended at an instant; it was killed at 3, and process 2 ran them again.
 * @param faults what else there was
 */
export function repeatedBy(jobs: number, endedAt: number, ...faults: readonly Fault[]): Partial<Facts> {
  const ids = Array.from({ length: jobs }, (_, index) => `r-${index}`);
  return {
    intended: ids.map((id) => intended(id)),
    accepted: [answered(ids)],
    ledger: ids.flatMap((id) => [
      ...ran(`${id}-1`, { jobId: id, from: endedAt - 0.1, to: endedAt }),
      ...ran(`${id}-2`, { jobId: id, pid: 2, from: 5, to: 5.1 }),
    ]),
    stored: ids.map((id) => stored(id, { result: { run: `${id}-2` }, finishedOn: at(5.2) })),
    faults: [{ kind: 'kill', pid: 1, startedAt: at(3), endedAt: at(3) }, ...faults],
    lives: [killed(1, 3), life(2, { log: [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { completed: jobs })] })],
  };
}

/** The same for 20 jobs, and the worker was frozen a moment before it was killed. */
export function frozenWhenKilled(endedAt: number): Partial<Facts> {
  return repeatedBy(20, endedAt, { kind: 'freeze', pid: 1, startedAt: at(2.8), endedAt: at(3.1) });
}
