import { describe, expect, test } from 'vitest';
import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import type { LogLine } from '../life.js';
import { check } from './check.js';
import {
  answered,
  at,
  cancel,
  history,
  intended,
  killed,
  life,
  ran,
  readyLine,
  stoppedLine,
  stored,
  toldLine,
} from './history.js';
import type { ViolationKind } from './violation.js';

/** What the world does to a queue, seen once with the fault in it, and once without. */
interface Pair {
  readonly kind: ViolationKind;
  readonly says: RegExp;
  readonly guilty: Partial<Facts>;
  readonly innocent: Partial<Facts>;
}

const warned = (seconds: number, msg: string): LogLine => {
  return { level: 40, msg, time: new Date(at(seconds)).toISOString() };
};
const between = (kind: Fault['kind'], from: number, to: number, more: Partial<Fault> = {}): Fault => {
  return { kind, startedAt: at(from), endedAt: at(to), ...more };
};
const failed = (id: string, failedReason: string, more: object = {}) =>
  stored(id, { places: ['failed'], failedReason, result: undefined, ...more });
const counting = (completed: number, failures = 0): LogLine[] => {
  return [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { completed, failed: failures })];
};

/** Job a, delayed by two seconds when it was enqueued, started after so many. */
const delayed = (startedAfter: number): Partial<Facts> => ({
  intended: [intended('a', { delayMs: 2_000, sentAt: at(0.5) })],
  ledger: ran('a-1', { jobId: 'a', from: 0.5 + startedAfter, to: 1 + startedAfter }),
  stored: [stored('a', { finishedOn: at(1.1 + startedAfter) })],
});

/** Job a failed once, and started again so much later. */
const failedOnce = (again: number): Partial<Facts> => ({
  intended: [intended('a', { throws: 1 })],
  ledger: [
    ...ran('a-0', { jobId: 'a', from: 1, to: 1.5, how: 'threw' }),
    ...ran('a-1', { jobId: 'a', attempt: 2, from: 1.5 + again, to: 1.8 + again }),
  ],
  stored: [stored('a', { attemptsMade: 2, finishedOn: at(3) })],
  lives: [life(1, { log: counting(1, 1) })],
});

/** A worker that says that an attempt took so long. */
const took = (durationMs: number): Partial<Facts> => ({
  lives: [life(1, { log: [...counting(1), { msg: 'attempt failed, will be retried', durationMs }] })],
});

/** Poison and an innocent job together in three processes that die; then the innocent has its end. */
function besidePoison(end: 'failed' | 'completed'): Partial<Facts> {
  const pids = [2, 3, 4];
  const crashes = { failed: 3, completed: 0 }[end];
  return {
    intended: [intended('a', { kind: 'fragile' }), intended('p', { kind: 'poison' })],
    ledger: [
      ...pids.flatMap((pid) => [
        ...ran(`p-${pid}`, { jobId: 'p', pid, from: pid, to: pid + 0.3, how: 'poison' }),
        ...ran(`a-${pid}`, { jobId: 'a', pid, from: pid }),
      ]),
      ...(end === 'completed' ? ran('a-1', { jobId: 'a', from: 6, to: 7 }) : []),
    ],
    stored: [
      end === 'failed' ? failed('a', 'JobCrashed: 3 died', { crashes }) : stored('a', { crashes, finishedOn: at(7.1) }),
      failed('p', 'JobCrashed: 3 died', { crashes: 3 }),
    ],
    lives: [
      life(1, { log: end === 'failed' ? counting(0, 2) : counting(1, 1) }),
      ...pids.map((pid) => ({ ...killed(pid, pid + 0.3), sent: [] })),
    ],
  };
}

/** The three deaths beside the poison are laid to the charge of the innocent job. */
const mistaken = (kind: 'fragile' | 'work'): Partial<Facts> => ({
  ...besidePoison('completed'),
  intended: [intended('a', { kind }), intended('p', { kind: 'poison' })],
  stored: [stored('a', { crashes: 3, finishedOn: at(7.1) }), failed('p', 'JobCrashed: 3 died')],
});

/** A process dies with two jobs; the first is charged, and so is the second, or not. */
const dead = (second: number): Partial<Facts> => ({
  intended: [intended('a'), intended('b')],
  accepted: [answered(['a', 'b'])],
  ledger: [...history().ledger, ...ran('b-1', { jobId: 'b', from: 1, to: 1.9 })],
  stored: [stored('a', { crashes: 1 }), stored('b', { crashes: second })],
  lives: [life(1, { log: counting(2) }), killed(2, 0.9)],
});

/** Redis was full from 2 to 6, and job b, enqueued before, started at some time. */
const backlog = (from: number): Partial<Facts> => ({
  intended: [intended('a'), intended('b')],
  accepted: [answered(['a', 'b'])],
  faults: [between('redis-full', 2, 6)],
  ledger: [...history().ledger, ...ran('b-1', { jobId: 'b', from, to: from + 0.5 })],
  stored: [stored('a'), stored('b', { finishedOn: at(9) })],
  lives: [life(1, { log: counting(2) })],
});

/** A chunk sent while Redis was full, and answered at some time. */
const takenAt = (seconds: number): Partial<Facts> => ({
  accepted: [answered(['a'], { sentAt: at(0.3), at: at(seconds) })],
  faults: [between('redis-full', 0.2, 0.9, { throughout: true })],
});

/** Job a is cancelled at 3; whether it was, its handler says. */
const cancelled = (answer: 'cancelled' | 'requested', from?: number): Partial<Facts> => ({
  cancels: [cancel('a', answer, 3)],
  ledger: from === undefined ? [] : ran('a-1', { jobId: 'a', from, to: from + 0.5 }),
  stored: from === undefined ? [] : [stored('a', { finishedOn: at(from + 0.6) })],
  lives: [
    life(1, {
      exitedAt: at(20.1),
      sent: [{ signal: 'SIGTERM', at: at(20) }],
      log: laterCounting(from === undefined ? 0 : 1),
    }),
  ],
});
/** Job a was aborted at 1.8 and failed at 2. A call of cancel, first made at some time, finds it settled. */
const stopped = (sentAt: number): Partial<Facts> => ({
  cancels: [{ ...cancel('a', 'settled', 2.5), sentAt: at(sentAt) }],
  ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, how: 'left', aborted: 1.8, reason: 'JobCancelled' }),
  stored: [failed('a', 'JobCancelled: the job was cancelled')],
  lives: [life(1, { log: counting(0, 1) })],
});
const laterCounting = (completed: number): LogLine[] => {
  return [readyLine(0.5), toldLine(20), stoppedLine(20.1, {}, { completed })];
};

const STOOD_STILL = 'event loop stood still for 3000 ms, longer than the lease of its jobs';

/** A handler spins from 2 on, SIGTERM comes at 2.1, and the process ends so much later. */
const spinning = (seconds: number, lastWord = ''): Partial<Facts> => ({
  intended: [intended('a'), intended('spin', { blockMs: 8_000 })],
  ledger: [
    ...history().ledger,
    ...ran('s-1', { jobId: 'spin', pid: 2, from: 1.9 }),
    { event: 'blocking', pid: 2, at: at(2), until: at(10), run: 's-1', jobId: 'spin', attempt: 1, reason: 'spin' },
    ...ran('s-2', { jobId: 'spin', from: 8, to: 8.1 }),
  ],
  stored: [stored('a'), stored('spin', { crashes: 1, result: { run: 's-2' }, finishedOn: at(8.2) })],
  lives: [
    life(1, { log: counting(2) }),
    life(2, {
      code: 70,
      sent: [{ signal: 'SIGTERM', at: at(2.1) }],
      exitedAt: at(2.1 + seconds),
      log: [readyLine(0.5), { msg: lastWord }],
    }),
  ],
});

/** Two jobs had one id. The second is completed with the result of one of these attempts. */
const staleLease = (run: 'old' | 'new'): Partial<Facts> => ({
  intended: [intended('a', { key: 'second' })],
  ledger: [
    ...ran('old', { jobId: 'a', key: 'first', pid: 2, from: 1, to: 5 }),
    ...ran('new', { jobId: 'a', key: 'second', from: 3, to: 6 }),
  ],
  faults: [between('freeze', 1.1, 4.5, { pid: 2 })],
  stored: [stored('a', { key: 'second', result: { run }, finishedOn: at(6.1) })],
  lives: [life(1), life(2, { log: [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { unrecorded: 1 })] })],
});

/** A worker is refused the connection on which it waits for jobs. */
const refused = (...said: readonly string[]): Partial<Facts> => ({
  faults: [between('cut-blocking', 2, 5, { victims: [1] })],
  lives: [life(1, { log: [readyLine(0.5), ...said.map((msg) => warned(3, msg)), ...counting(1).slice(1)] })],
});

/** Job b waits, and may have been in a process that died. One slot of two is taken, or none. */
const suspected = (isBusy: boolean): Partial<Facts> => ({
  ...deaf(14),
  concurrency: 2,
  intended: [intended('a'), intended('b'), intended('c')],
  accepted: [answered(['a', 'c']), answered(['b'], { at: at(2) })],
  ledger: [...(deaf(14).ledger ?? []), ...ran('c-1', { jobId: 'c', from: 1.2, to: isBusy ? 15.5 : 1.3 })],
  stored: [stored('a'), stored('b', { finishedOn: at(17) }), stored('c', { finishedOn: at(16) })],
  lives: [
    life(1, { exitedAt: at(20.1), sent: [{ signal: 'SIGTERM', at: at(20) }], log: laterCounting(3) }),
    killed(2, 3),
  ],
});

/** Job b comes at 2, and an idle worker starts it so much later. */
const deaf = (seconds: number): Partial<Facts> => ({
  intended: [intended('a'), intended('b')],
  accepted: [answered(['a']), answered(['b'], { at: at(2) })],
  ledger: [...history().ledger, ...ran('b-1', { jobId: 'b', from: 2 + seconds, to: 2.1 + seconds })],
  stored: [stored('a'), stored('b', { finishedOn: at(3 + seconds) })],
  lives: [life(1, { exitedAt: at(20.1), sent: [{ signal: 'SIGTERM', at: at(20) }], log: laterCounting(2) })],
});

/** FLUSHALL at 3, under job b; and what the worker says of it. */
const flushed = (msg: string): Partial<Facts> => ({
  intended: [intended('b', { sentAt: at(0.5) }), intended('a', { sentAt: at(4) })],
  accepted: [answered(['b']), answered(['a'], { at: at(4.1) })],
  faults: [between('redis-flush', 3, 3)],
  ledger: [
    ...ran('b-1', { jobId: 'b', from: 2.5, to: 3.8, how: 'left', aborted: 3.7, reason: 'LeaseLost' }),
    ...ran('a-1', { jobId: 'a', from: 4.2, to: 5 }),
  ],
  stored: [stored('a', { finishedOn: at(5.1) })],
  lives: [life(1, { log: [readyLine(0.5), warned(3.7, msg), ...counting(1).slice(1)] })],
});

const PAIRS: Readonly<Record<string, Pair>> = {
  'a delayed job that starts by the clock of a worker that is ahead': {
    kind: 'wrong time',
    says: /a has a delay of 2000 ms and started in 1 500 ms after/,
    guilty: delayed(0.5),
    innocent: delayed(2.4),
  },
  'a backoff that collapses': {
    kind: 'wrong time',
    says: /attempt 2 in 1 started 30 ms after attempt 1 had failed/,
    guilty: failedOnce(0.03),
    innocent: failedOnce(0.2),
  },
  'a duration between two instants of a clock that was set forward': {
    kind: 'wrong time',
    says: /took 3601008 ms/,
    guilty: took(3_601_008),
    innocent: took(8),
  },
  'a duration of a clock that was set back': {
    kind: 'wrong time',
    says: /took -3598998 ms/,
    guilty: took(-3_598_998),
    innocent: took(0),
  },
  'a fresh job that expires at once': {
    kind: 'phantom',
    says: /a should complete and failed: JobExpired/,
    guilty: { ledger: [], stored: [failed('a', 'JobExpired: …', { attemptsMade: 0 })] },
    innocent: {},
  },
  'a job that fails of the deaths of its neighbour': {
    kind: 'crash counted',
    says: /a failed as JobCrashed; 3 processes died \(3 of poison\)/,
    guilty: besidePoison('failed'),
    innocent: besidePoison('completed'),
  },
  'a job that is charged with the crash that should have been its last': {
    kind: 'crash counted',
    says: /a counts 3 crashes; 3 processes died \(3 of poison\)/,
    guilty: mistaken('fragile'),
    innocent: mistaken('work'),
  },
  'a death that is charged to every job of the process': {
    kind: 'crash counted',
    says: /2 jobs, as a, count 2 crashes together; 1 processes died/,
    guilty: dead(1),
    innocent: dead(0),
  },
  'a full Redis that is not drained': {
    kind: 'not drained',
    says: /1 jobs waited, as b, though worker 1 was idle/,
    guilty: backlog(6.5),
    innocent: backlog(2.5),
  },
  'a full Redis that takes jobs': {
    kind: 'beyond its limit',
    says: /chunk 0 was taken at .*, though Redis was full/,
    guilty: takenAt(0.6),
    innocent: takenAt(0.95),
  },
  'a refused chunk that is stored': {
    kind: 'beyond its limit',
    says: /chunk 0 had only been refused, and 1 of its jobs were there/,
    guilty: { accepted: [answered(['a'], { wasRefused: true, added: [] })] },
    innocent: { accepted: [answered(['a'], { wasRefused: true })] },
  },
  'a cancelled job that starts': {
    kind: 'cancelled in vain',
    says: /answered 'cancelled' at .*, and its handler started in 1/,
    guilty: cancelled('cancelled', 3.2),
    innocent: cancelled('cancelled'),
  },
  'a cancellation that is forgotten before its job is due': {
    kind: 'cancelled in vain',
    says: /answered 'requested' at .*, and its handler started in 1/,
    guilty: cancelled('requested', 12),
    innocent: cancelled('requested', 2),
  },
  'a job that failed as cancelled before anybody asked for it': {
    kind: 'phantom',
    says: /a should complete and failed: JobCancelled/,
    guilty: stopped(2.4),
    innocent: stopped(1.5),
  },
  'a job called settled that was not': {
    kind: 'cancelled in vain',
    says: /answered 'settled' at .*, and it was not settled by then/,
    guilty: { cancels: [cancel('a', 'settled', 1.5)] },
    innocent: { cancels: [cancel('a', 'settled', 2.5)] },
  },
  'a key that a cancelled job keeps': {
    kind: 'cancelled in vain',
    says: /a was cancelled, and its key was still taken/,
    guilty: { reuses: [{ key: 'a', cancelled: 'a', status: 'duplicate', id: 'a', sentAt: at(3), at: at(3.1) }] },
    innocent: { reuses: [{ key: 'a', cancelled: 'x', status: 'added', id: 'a', sentAt: at(3), at: at(3.1) }] },
  },
  'a process that spins and does not hear its signal': {
    kind: 'hung',
    says: /worker 2 got SIGTERM at .* and ended 3000 ms later/,
    guilty: spinning(3),
    innocent: spinning(2.3),
  },
  'a process that spins and is ended, but not for its signal': {
    kind: 'hung',
    says: /worker 2 got SIGTERM at .*: it stood still/,
    guilty: spinning(2.3, STOOD_STILL),
    innocent: spinning(2.3, 'worker did not answer SIGTERM by the last deadline of its drain'),
  },
  'a process that spins, and whose worker warned of a short standstill before': {
    kind: 'hung',
    says: /worker 2 got SIGTERM at .*: it stood still/,
    guilty: spinning(2.3, STOOD_STILL),
    innocent: spinning(2.3, 'event loop stood still; leases cannot be renewed meanwhile'),
  },
  'a process that spins, and had not stood still before': {
    kind: 'hung',
    says: /worker 2 got SIGTERM at .*: it stood still/,
    guilty: { ...spinning(2.3, STOOD_STILL), faults: [between('starved', 0.1, 0.4, { pid: 2 })] },
    innocent: { ...spinning(2.3, STOOD_STILL), faults: [between('freeze', 0.6, 1.8, { pid: 2 })] },
  },
  "a lease that is taken for another's": {
    kind: 'phantom',
    says: /a was completed with the result of an attempt at first, which had its id before/,
    guilty: staleLease('old'),
    innocent: staleLease('new'),
  },
  'a worker that says nothing of a connection that it cannot have': {
    kind: 'outage not named',
    says: /worker 1 could not wait for jobs/,
    guilty: refused('attempt failed, will be retried'),
    innocent: refused('redis refuses a connection; retrying'),
  },
  'a connection that is refused, and nobody else made room for it': {
    kind: 'outage not named',
    says: /worker 1 could not wait for jobs/,
    guilty: refused(),
    innocent: { ...refused(), faults: [...(refused().faults ?? []), between('cut', 3, 3, { pid: 7 })] },
  },
  'a job that waits beside an idle worker': {
    kind: 'kept waiting',
    says: /b was due at .*, though worker 1 was idle/,
    guilty: deaf(14),
    innocent: deaf(3.5),
  },
  'a job that may have been in a dead process, and waits beside a worker that does nothing': {
    kind: 'kept waiting',
    says: /b was due at .*, though worker 1 was idle/,
    guilty: suspected(false),
    innocent: suspected(true),
  },
  'a lost job that is said to be with somebody else': {
    kind: 'loss not named',
    says: /worker 1 says 1 times/,
    guilty: flushed('lease lost; another worker may attempt the job'),
    innocent: flushed('jobs are gone'),
  },
};

describe.each(Object.entries(PAIRS))('%s', (_, { kind, says, guilty, innocent }) => {
  test('is convicted', () => {
    const { violations } = check(history(guilty));
    const found = violations.filter((violation) => violation.kind === kind).map((violation) => violation.says);
    expect(found.join('\n'), JSON.stringify(violations)).toMatch(says);
  });

  test('is acquitted when it is mended', () => {
    expect(check(history(innocent)).violations).toEqual([]);
  });
});
