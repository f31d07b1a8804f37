import { describe, expect, test } from 'vitest';
import type { Facts } from '../facts.js';
import { check } from './check.js';
import {
  at,
  frozenWhenKilled,
  history,
  intended,
  killed,
  life,
  ran,
  readyLine,
  repeatedBy,
  stoppedLine,
  stored,
  toldLine,
} from './history.js';
import type { ViolationKind } from './violation.js';

/**
 * Histories with one fault each: the kind of violation, the name of the case, and words that the
 * explanation must contain.
 */
const GUILTY: Readonly<Partial<Record<ViolationKind, readonly [what: string, says: RegExp, facts: Partial<Facts>][]>>> =
  {
    'did not come to rest': [['work is left', /wait: 3/, { restless: 'wait: 3' }]],
    lost: [
      ['a job without a trace', /knows nothing/, { stored: [] }],
      ['a hash in no list', /in no list/, { stored: [stored('a', { places: [] })] }],
      ['an active job without a worker', /is active/, { stored: [stored('a', { places: ['active'] })] }],
      ['a job still waiting', /still wait/, { stored: [stored('a', { places: ['wait'] })] }],
      ['an id twice in a list', /2 places/, { stored: [stored('a', { places: ['wait', 'wait'] })] }],
      ['a completed job that waits as well', /2 places/, { stored: [stored('a', { places: ['completed', 'wait'] })] }],
    ],
    phantom: [
      ['a stored job that nobody meant', /b is on Redis/, { stored: [stored('a'), stored('b')] }],
      [
        'a handler called for no job',
        /b ran/,
        { ledger: [...history().ledger, ...ran('b-1', { jobId: 'b', from: 3, to: 4 })] },
      ],
      ['completed without work', /no handler ran to its end/, { ledger: [] }],
      [
        'completed by a handler that never concluded',
        /no handler ran/,
        { ledger: ran('a-1', { jobId: 'a', from: 1 }), lives: [killed(1, 3)] },
      ],
      [
        'acknowledged before the work was done',
        /before its work was done/,
        { stored: [stored('a', { finishedOn: at(1.5) })] },
      ],
      [
        'the result of another run',
        /result of a run that did not end/,
        { stored: [stored('a', { result: { run: 'x' } })] },
      ],
      [
        'failed without a plan',
        /should complete/,
        { stored: [stored('a', { places: ['failed'], failedReason: 'stalled' })] },
      ],
      [
        'an always throwing job that failed of something else',
        /should fail as planned/,
        {
          intended: [intended('a', { throws: 4 })],
          stored: [stored('a', { places: ['failed'], attemptsMade: 4, failedReason: 'Missing lock' })],
        },
      ],
      ['poison that was completed', /poison and was completed/, { intended: [intended('a', { kind: 'poison' })] }],
    ],
    'two jobs of one key': [
      [
        'a job that was added again while the first waited or was kept',
        /a and b have one key/,
        {
          intended: [intended('a'), intended('b', { key: 'a' })],
          stored: [stored('a'), stored('b')],
          ledger: [...history().ledger, ...ran('b-1', { jobId: 'b', from: 1, to: 2 })],
        },
      ],
    ],
    'attempt spent': [
      ['one more than there were failures', /counts 2 attempts/, { stored: [stored('a', { attemptsMade: 2 })] }],
      ['none at all', /counts 0 attempts/, { stored: [stored('a', { attemptsMade: 0 })] }],
      [
        'a number that no failure made',
        /attempt 1 threw nowhere/,
        {
          ledger: ran('a-1', { jobId: 'a', attempt: 2, from: 1, to: 1.9 }),
          stored: [stored('a', { attemptsMade: 2 })],
        },
      ],
      [
        'a number above the count',
        /and there was attempt 2/,
        { ledger: [...history().ledger, ...ran('a-2', { jobId: 'a', attempt: 2, from: 3, to: 4 })] },
      ],
    ],
    'repeated too much': [
      ['more than the slots, long before a kill', /had 5 slots of q, and 6 jobs ran again/, repeatedBy(6, 2.9)],
      ['and long before the freeze in which it was killed', /and 20 jobs ran again/, frozenWhenKilled(2.7)],
    ],
    'ended twice': [
      ['in calm weather', /a: attempt 1 in 1.* and attempt 1 in 2/, twice()],
      [
        'with a fault of another worker',
        /a: attempt 1/,
        twice([{ kind: 'freeze', pid: 2, startedAt: at(1), endedAt: at(4) }]),
      ],
      [
        'with a freeze too short to matter',
        /a: attempt 1/,
        twice([{ kind: 'freeze', pid: 1, startedAt: at(1.2), endedAt: at(1.7) }]),
      ],
      [
        'with a fault that came long after',
        /a: attempt 1/,
        twice([{ kind: 'redis-kill', startedAt: at(4.5), endedAt: at(5) }], 5),
      ],
      [
        'handed back in a drain that it heeds',
        /a: attempt 1/,
        {
          ...twice(),
          ledger: [
            ...ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5 }),
            ...ran('a-2', { jobId: 'a', pid: 2, from: 3, to: 4 }),
          ],
        },
      ],
    ],
    overlap: [
      [
        'two processes at once',
        /a: attempt 1/,
        {
          ...twice(),
          ledger: [
            ...ran('a-1', { jobId: 'a', from: 1, to: 1.9 }),
            ...ran('a-2', { jobId: 'a', pid: 2, from: 1.5, to: 1.8, how: 'left' }),
          ],
        },
      ],
    ],
    'crash counted': [
      [
        'and a cut that the worker recovered from at once',
        /a counts 1 crashes; 0 processes died \(0 of poison\), and 0 other faults/,
        {
          stored: [stored('a', { crashes: 1 })],
          faults: [{ kind: 'cut', pid: 1, startedAt: at(1), endedAt: at(1) }],
          lives: [
            life(1, {
              log: [
                readyLine(0.5),
                { msg: 'redis connection was lost; retrying', time: new Date(at(1)).toISOString() },
                { msg: 'redis is available', time: new Date(at(1.5)).toISOString() },
                toldLine(10),
                stoppedLine(10.1, {}, { completed: 1 }),
              ],
            }),
          ],
        },
      ],

      ['though nobody died', /counts 1 crashes; 0 processes died/, { stored: [stored('a', { crashes: 1 })] }],
      [
        'twice for one death',
        /counts 2 crashes; 1 processes/,
        { stored: [stored('a', { crashes: 2 })], lives: [life(1), killed(2, 3)] },
      ],
      ['poison that took down too many', /failed after 5 deaths/, { ...poisoned(5) }],
      ['poison that was given up too early', /failed after 2 deaths/, { ...poisoned(2) }],
    ],
    hung: [['far over its limits', /ended 30000 ms later/, { lives: [life(1, { exitedAt: at(40) })] }]],
    'started while draining': [
      [
        'a start after the word',
        /was started in 1/,
        { ledger: [...history().ledger, ...ran('a-2', { jobId: 'a', from: 10.05, to: 10.06, how: 'left' })] },
      ],
    ],
    'exit code': [
      ['70 out of the blue', /nothing had happened/, { lives: [life(1, { code: 70 })] }],
      [
        '70 for harm of long ago',
        /nothing had happened/,
        {
          lives: [life(1, { code: 70 })],
          faults: [{ kind: 'cut', pid: 1, startedAt: at(5), endedAt: at(5) }],
        },
      ],
      [
        "70 after no more waiting than is usual, or before it was told, or another worker's",
        /it waited 499 ms/,
        {
          lives: [life(1, { code: 70 })],
          waits: [
            { pid: 1, at: at(9), ms: 1_000 },
            { pid: 2, at: at(10.05), ms: 1_000 },
            { pid: 1, at: at(10.05), ms: 299 },
            { at: at(10.06), ms: 200 },
          ],
        },
      ],
      ['a crash', /no such end is planned/, { lives: [life(1, { code: 1 })] }],
      ['nobody asked it to end', /nobody had told it/, { lives: [life(1, { sent: [] })] }],
      ['0 without a word', /never said/, { lives: [life(1, { log: [readyLine(0.5), toldLine(10)] })] }],
      [
        '0 with something cut off',
        /cut off 1/,
        { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, { active: 1, cutOff: 1 }, { completed: 1 })] })] },
      ],
      ['75 with nothing handed back', /handed back 0/, { lives: [life(1, { code: 75 })] }],
      [
        '0 with a handler still running',
        /a was still running/,
        { ledger: [...history().ledger, ...ran('a-2', { jobId: 'a', from: 9 })] },
      ],
      ['SIGKILL by nobody', /nobody killed it/, { lives: [{ ...killed(1, 5), sent: [] }] }],
      [
        'SIGTERM that it should have heard',
        /should have been heard/,
        { lives: [life(1, { code: null, signal: 'SIGTERM' })] },
      ],
    ],
    alarmed: [
      [
        'a lease lost in calm weather',
        /aborted with LeaseLost at .*, and nothing had happened/,
        { ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5, reason: 'LeaseLost' }) },
      ],
      [
        'a lease lost, and the harm came after it',
        /aborted with LeaseLost/,
        {
          ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5, reason: 'LeaseLost' }),
          faults: [{ kind: 'redis-kill', startedAt: at(1.6), endedAt: at(2) }],
        },
      ],
      [
        'a lease lost while the machine kept others waiting, or long before',
        /aborted with LeaseLost/,
        {
          ledger: ran('a-1', { jobId: 'a', from: 5, to: 9, aborted: 8, reason: 'LeaseLost' }),
          waits: [
            { pid: 2, at: at(7.9), ms: 2_000 },
            { pid: 1, at: at(7.9), ms: 499 },
            { at: at(2.9), ms: 2_000 },
          ],
        },
      ],
      [
        'a drain that nobody asked for',
        /aborted with WorkerDraining at .*, and nobody had told it to stop/,
        { ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5 }) },
      ],
      [
        'a drain that has no patience',
        /aborted with WorkerDraining at .*, 300 ms after it was told to stop/,
        {
          ledger: ran('a-1', { jobId: 'a', from: 9.9, to: 10.4, aborted: 10.3 }),
          lives: [life(1, { exitedAt: at(10.5) })],
        },
      ],
      [
        'outcomes unrecorded in calm weather',
        /says that 1 outcomes are unrecorded, and nothing had happened to it/,
        { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { unrecorded: 1 })] })] },
      ],
    ],
    summary: [
      [
        'more completed than there were',
        /says 2 completed; 1 handlers/,
        { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { completed: 2 })] })] },
      ],
      [
        'more failed than there were',
        /says 1 failed; 0 handlers/,
        { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { completed: 1, failed: 1 })] })] },
      ],
      ['an outcome forgotten', /lacks 1 outcomes/, { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1)] })] }],
      [
        'parts that do not add up',
        /accounts for 0/,
        { lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, { active: 2 }, { completed: 1 })] })] },
      ],
    ],
  };

/** Job a ran to its end in two processes, under these faults. */
function twice(faults: Facts['faults'] = [], again = 3): Partial<Facts> {
  const ledger = [
    ...ran('a-1', { jobId: 'a', from: 1, to: 1.9 }),
    ...ran('a-2', { jobId: 'a', pid: 2, from: again, to: again + 1 }),
  ];
  return { faults, ledger, lives: [life(1), life(2)] };
}

/** A poison job that has failed after so many deaths. */
function poisoned(deaths: number): Partial<Facts> {
  const pids = Array.from({ length: deaths }, (_, index) => index + 2);
  return {
    intended: [intended('a'), intended('p', { kind: 'poison' })],
    stored: [stored('a'), stored('p', { places: ['failed'], failedReason: 'JobCrashed: too often', crashes: deaths })],
    ledger: [
      ...history().ledger,
      ...pids.flatMap((pid) => ran(`p-${pid}`, { jobId: 'p', pid, from: pid, to: pid, how: 'poison' })),
    ],
    lives: [life(1), ...pids.map((pid) => killed(pid, pid))],
  };
}

describe.each(Object.entries(GUILTY))('%s', (kind, cases) => {
  test.each(cases)('%s', (_, says, facts) => {
    const { violations } = check(history(facts));
    const found = violations.filter((violation) => violation.kind === kind).map((violation) => violation.says);
    expect(found.join('\n'), JSON.stringify(violations)).toMatch(says);
  });
});
