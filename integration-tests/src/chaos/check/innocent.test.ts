import { describe, expect, test } from 'vitest';
import type { Facts } from '../facts.js';
import type { Fault } from '../fault.js';
import { check } from './check.js';
import {
  answered,
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

const both = [life(1), life(2)];

const said = (seconds: number, msg: string) => ({ msg, time: new Date(at(seconds)).toISOString() });

/** Job a was interrupted in process 1 from 1 to 3, and done in process 2 from 4 to 5. */
function doneAgain(faults: readonly Fault[], lives: Facts['lives'], first: object = {}): Partial<Facts> {
  return {
    faults,
    lives,
    ledger: [...ran('a-0', { jobId: 'a', from: 1, ...first }), ...ran('a-1', { jobId: 'a', pid: 2, from: 4, to: 5 })],
    stored: [stored('a', { finishedOn: at(5.1) })],
  };
}

const INNOCENT: readonly [what: string, facts: Partial<Facts>][] = [
  ['calm weather', {}],
  ['as many jobs repeated as a killed worker had slots', repeatedBy(5, 2.9)],
  ['more jobs repeated that ended right before the kill', repeatedBy(20, 2.99)],
  [
    'more jobs repeated that a cut long before the kill had hit',
    repeatedBy(20, 1, { kind: 'cut', pid: 1, startedAt: at(1), endedAt: at(1) }),
  ],
  ['more jobs repeated that ended right before the freeze in which the worker was killed', frozenWhenKilled(2.79)],
  [
    'a job not accepted before the producer was killed, and nothing of it anywhere',
    { intended: [intended('a'), intended('b')] },
  ],
  [
    'a slow stop while the machine gives it no time',
    {
      lives: [life(1, { exitedAt: at(20) })],
      waits: [{ pid: 1, at: at(15), ms: 4_000 }],
    },
  ],
  [
    'a lease lost because the machine kept Redis waiting',
    {
      ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5, reason: 'LeaseLost' }),
      waits: [{ at: at(1.2), ms: 700 }],
    },
  ],
  [
    'a crash counted for a job whose fetch a black hole swallowed',
    {
      stored: [stored('a', { crashes: 1 })],
      faults: [{ kind: 'black-hole', pid: 2, startedAt: at(0.1), endedAt: at(2.5) }],
      lives: [life(1), life(2, { log: [readyLine(0.5), toldLine(10), stoppedLine(10.1)] })],
    },
  ],
  [
    'a crash counted for a job whose fetch was cut, when the worker was slow to come back',
    {
      stored: [stored('a', { crashes: 1 })],
      faults: [{ kind: 'cut-in-reply', pid: 2, startedAt: at(1), endedAt: at(1) }],
      lives: [
        life(1),
        life(2, {
          log: [
            readyLine(0.5),
            said(1.01, 'redis connection was lost; retrying'),
            said(1.8, 'redis is available'),
            said(1.9, 'redis is unavailable; retrying'),
            said(3.2, 'redis is available'),
            toldLine(10),
            stoppedLine(10.1),
          ],
        }),
      ],
    },
  ],
  [
    'a lease lost to an outage that began before its handler',
    {
      ledger: ran('a-1', { jobId: 'a', from: 1, to: 1.9, aborted: 1.5, reason: 'LeaseLost' }),
      faults: [{ kind: 'redis-freeze', startedAt: at(0.2), endedAt: at(1.4) }],
    },
  ],
  [
    'planned failures',
    {
      intended: [intended('a', { throws: 1 })],
      ledger: [
        ...ran('a-0', { jobId: 'a', from: 1, to: 1.1, how: 'threw' }),
        ...ran('a-1', { jobId: 'a', attempt: 2, from: 1.2, to: 1.9 }),
      ],
      stored: [stored('a', { attemptsMade: 2 })],
      lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { completed: 1, failed: 1 })] })],
    },
  ],
  [
    'a job that always throws, and one attempt is all it has',
    {
      intended: [intended('a', { throws: 4 })],
      ledger: [1, 2, 3, 4].flatMap((n) =>
        ran(`a-${n}`, { jobId: 'a', attempt: n, from: n, to: n + 0.1, how: 'threw' }),
      ),
      stored: [stored('a', { places: ['failed'], attemptsMade: 4, failedReason: 'Error: planned failure 4' })],
      lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { failed: 4 })] })],
    },
  ],
  [
    'a job that had failed for good when the producer, killed before it knew, enqueued it again',
    {
      intended: [intended('a', { throws: 4 }), intended('b', { throws: 4, key: 'a' })],
      accepted: [answered(['b'])],
      ledger: [1, 2, 3, 4].flatMap((n) => [
        ...ran(`a-${n}`, { jobId: 'a', attempt: n, from: n, to: n + 0.1, how: 'threw' }),
        ...ran(`b-${n}`, { jobId: 'b', attempt: n, from: n + 5, to: n + 5.1, how: 'threw' }),
      ]),
      stored: ['a', 'b'].map((id) =>
        stored(id, { places: ['failed'], attemptsMade: 4, failedReason: 'Error: planned failure 4' }),
      ),
      lives: [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { failed: 8 })] })],
    },
  ],
  [
    'killed under a job: a crash is counted and the job is done elsewhere',
    {
      ...doneAgain([{ kind: 'kill', pid: 1, startedAt: at(2), endedAt: at(2) }], [killed(1, 2), life(2)]),
      stored: [stored('a', { crashes: 1, finishedOn: at(5.1) })],
    },
  ],
  [
    'handed back in a drain',
    doneAgain(
      [],
      [
        life(1, {
          code: 75,
          exitedAt: at(3.1),
          sent: [{ signal: 'SIGTERM', at: at(2) }],
          log: [readyLine(0.5), toldLine(2), stoppedLine(3.1, { active: 1, handedBack: 1 }, { handedBack: 1 })],
        }),
        life(2),
      ],
      { to: 3, how: 'left', aborted: 3 },
    ),
  ],
  [
    'frozen beyond the lease, and its outcome refused',
    doneAgain(
      [{ kind: 'freeze', pid: 1, startedAt: at(1.2), endedAt: at(4) }],
      [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { unrecorded: 1 })] }), life(2)],
      { to: 4.1 },
    ),
  ],
  [
    'Redis gone when the outcome was to be recorded',
    doneAgain(
      [{ kind: 'redis-kill', startedAt: at(3.1), endedAt: at(3.4) }],
      [life(1, { log: [toldLine(10), stoppedLine(10.1, {}, { unrecorded: 1 })] }), life(2)],
      { to: 3 },
    ),
  ],
  [
    '70 after an outage',
    { faults: [{ kind: 'redis-kill', startedAt: at(9), endedAt: at(11) }], lives: [life(1, { code: 70 })] },
  ],
  [
    '70 of a worker that the machine gave no time',
    {
      lives: [life(1, { code: 70 })],
      waits: [
        { pid: 1, at: at(10.05), ms: 300 },
        { at: at(10.06), ms: 200 },
      ],
    },
  ],
  [
    'SIGTERM before anybody listened',
    { lives: [life(1), life(2, { code: null, signal: 'SIGTERM', log: [], exitedAt: at(10.01) })] },
  ],
  [
    'poison after its three deaths, counted by the worker that failed it',
    {
      intended: [intended('a'), intended('p', { kind: 'poison' })],
      stored: [stored('a'), stored('p', { places: ['failed'], failedReason: 'JobCrashed: 3 died', crashes: 3 })],
      ledger: [
        ...ran('a-1', { jobId: 'a', from: 1, to: 1.9 }),
        ...[2, 3, 4].flatMap((pid) => ran(`p-${pid}`, { jobId: 'p', pid, from: pid, to: pid, how: 'poison' })),
      ],
      lives: [
        life(1, { log: [readyLine(0.5), toldLine(10), stoppedLine(10.1, {}, { completed: 1, failed: 1 })] }),
        ...[2, 3, 4].map((pid) => ({ ...killed(pid, pid), sent: [] })),
      ],
    },
  ],
  [
    'told to stop while it was still starting',
    { lives: [life(1), life(2, { exitedAt: at(10.01), log: [toldLine(10)] })] },
  ],
  [
    'slow to stop because it was frozen',
    {
      faults: [{ kind: 'freeze', pid: 1, startedAt: at(10.01), endedAt: at(30) }],
      lives: [life(1, { exitedAt: at(31) })],
    },
  ],
  [
    'an accepted id twice, because the producer was killed before it knew',
    { accepted: [answered(['a']), answered(['a'])] },
  ],
];

describe('an innocent history passes', () => {
  test.each(INNOCENT)('%s', (_, facts) => {
    expect(check(history(facts)).violations).toEqual([]);
  });
});

describe('what may happen twice is listed with its reason', () => {
  test('a handler ignores its signal while the job runs elsewhere', () => {
    const ledger = [
      ...ran('a-0', { jobId: 'a', from: 1, to: 4.2, aborted: 3 }),
      ...ran('a-1', { jobId: 'a', pid: 2, from: 4, to: 5 }),
    ];
    const told = { sent: [{ signal: 'SIGTERM', at: at(2) }], exitedAt: at(4.3), code: 75 };
    const log = [toldLine(2), stoppedLine(4.3, { active: 1, handedBack: 1 }, { handedBack: 1 })];
    const facts = {
      ledger,
      lives: [life(1, { ...told, log }), life(2)],
      stored: [stored('a', { finishedOn: at(5.1) })],
    };
    const { violations, explained } = check(history({ ...facts, intended: [intended('a', { heed: false })] }));
    expect(violations).toEqual([]);
    expect(explained).toMatchObject([{ kind: 'ended twice', because: 'handed back while ignoring its signal' }]);
  });

  test('the reason names the fault that hit the run most', () => {
    const faults: Fault[] = [
      { kind: 'cut', pid: 1, startedAt: at(0.8), endedAt: at(0.8) },
      { kind: 'freeze', pid: 1, startedAt: at(1.2), endedAt: at(3.9) },
    ];
    const { explained } = check(history(doneAgain(faults, both, { to: 4.1 })));
    expect(explained.map(({ because }) => because)).toEqual(['freeze']);
  });

  test.for([
    ['', 3.9],
    [', as its end is noted a moment late', 4.001],
  ] as const)(
    'a job is fetched before a standstill and started after it, although others have done it%s',
    ([, endedAt]) => {
      const faults: Fault[] = [{ kind: 'block', pid: 2, startedAt: at(0.5), endedAt: at(endedAt) }];
      const ledger = [
        ...ran('a-1', { jobId: 'a', from: 1, to: 1.9 }),
        ...ran('a-2', { jobId: 'a', pid: 2, from: 4, to: 5 }),
      ];
      const stale = life(2, { log: [toldLine(10), stoppedLine(10.1, {}, { unrecorded: 1 })] });
      const { violations, explained } = check(history({ faults, ledger, lives: [life(1), stale] }));
      expect(violations).toEqual([]);
      expect(explained.map(({ because }) => because)).toEqual(['fetched before a block']);
    },
  );
});
