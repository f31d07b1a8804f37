import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { outcomeOf } from '../../test/fetched-job.js';
import { heldJob } from '../../test/held-job.js';
import type { ActiveAttempt, Ending } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { HeldJob } from './held-job.js';
import { type Brought, type LoopQueue, MainLoop, type MainLoopDeps } from './main-loop.js';
import type { PlainEnd } from './turn-calls.js';

/** A turn on its way, until the test answers it. */
interface SentTurn {
  readonly ends: readonly string[];
  readonly free: number;
  readonly ahead: number;
  answer(brought?: Partial<Brought>): Promise<void>;
  fail(error: Error): Promise<void>;
}

interface Setting {
  readonly concurrency?: number;
  /** How many jobs may be held ahead; without it the loop is strict. */
  readonly ahead?: number;
  /** How an attempt ends at once; without it the test ends it. */
  readonly endsAtOnce?: boolean;
}

/** The clock of the loop stands still until a test moves it. Ticks and promises go on. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Lets all go on that can go on by itself. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise(setImmediate);
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

const PLAIN: PlainEnd['kind'] = ['job', 1];

/** A loop over a queue that the test plays. */
function looping({ concurrency = 1, ahead, endsAtOnce = false }: Setting = {}) {
  stopClock();
  const turns: SentTurn[] = [];
  /** What happened to jobs, in order. */
  const told: string[] = [];
  const running = new Map<string, (ending: Ending | undefined) => void>();
  const recording = new Map<string, () => void>();
  const recorded: { jobId: string; outcome: string; failed: unknown }[] = [];
  const waits: { ms: number; end(inMs: number): Promise<void> }[] = [];
  const attempts = new Map<string, ActiveAttempt>();
  const begun = new Set<string>();
  const errors: string[] = [];
  const took: number[] = [];
  const counts = { begun: 0, unrecorded: 0, most: 0, woken: 0, drained: 0, answered: 0 };
  const taker = {
    isHeld: false,
    fetchAnswered() {
      counts.answered += 1;
    },
    take: (): never => {
      throw new Error('the loop takes no jobs');
    },
    attempt: (): never => {
      throw new Error('the queue attempts');
    },
    handBack: (attempt: ActiveAttempt): Ending => attempt.putOff(false),
    release({ jobId }: ActiveAttempt) {
      told.push(`release ${jobId}`);
      if (begun.delete(jobId)) counts.unrecorded -= 1;
    },
  };
  const completes = (held: HeldJob): Ending => held.attempt.end({ kind: 'completed', result: 1 });
  /** What the test changes of the queue. */
  const plays = {
    attempt: undefined as ((held: HeldJob) => Ending | undefined | Promise<Ending | undefined>) | undefined,
    result: '1',
    recordsAtOnce: true,
    onBegin: (_: string): void => undefined,
  };
  const queue: LoopQueue = {
    turn(ends, free, ahead) {
      return new Promise((resolve, reject) => {
        const after = async (what: () => void): Promise<void> => {
          what();
          await settle();
        };
        turns.push({
          ...{ ends: ends.map(({ jobId }) => jobId), free, ahead },
          answer: ({
            answers = ends.map(() => 0),
            jobs = [],
            limitedMs = 0,
            dueInMs = Number.POSITIVE_INFINITY,
          } = {}) => after(() => resolve({ answers, jobs, limitedMs, dueInMs })),
          fail: (error) => after(() => reject(error)),
        });
      });
    },
    attempt(held) {
      const { attempt } = held;
      told.push(`begin ${attempt.jobId}`);
      attempts.set(attempt.jobId, attempt);
      begun.add(attempt.jobId);
      counts.unrecorded += 1;
      counts.most = Math.max(counts.most, counts.unrecorded);
      plays.onBegin(attempt.jobId);
      if (plays.attempt !== undefined) return plays.attempt(held);
      if (endsAtOnce) return completes(held);
      return new Promise((resolve) => running.set(attempt.jobId, resolve));
    },
    plainEnd: ({ attempt: { jobId } }, { outcome }) =>
      outcome.kind === 'completed' ? { jobId, token: 't', result: plays.result, kind: PLAIN } : undefined,
    record({ attempt: { jobId } }, { outcome }, failed) {
      told.push(`record ${jobId}`);
      recorded.push({ jobId, outcome: outcome.kind, failed });
      if (plays.recordsAtOnce) return Promise.resolve();
      return new Promise((resolve) => recording.set(jobId, resolve));
    },
    endRefused: (code, jobId) => new Error(`${jobId}: ${code}`),
    waitForJob: (ms) =>
      new Promise((resolve) => {
        waits.push({
          ms,
          async end(inMs) {
            resolve(inMs);
            await settle();
          },
        });
      }),
    wakeAnother() {
      counts.woken += 1;
    },
    completed: ({ attempt: { jobId } }) => void told.push(`completed ${jobId}`),
    drained() {
      counts.drained += 1;
    },
    onError: ({ message }) => void errors.push(message),
  };
  const outage = { noteIfOutage: () => false, accepted: () => undefined, lacksPermission: false };
  const held: NonNullable<MainLoopDeps['ahead']> & { held: number } = {
    ...{ most: ahead ?? 0, held: 0 },
    holds(count) {
      held.held = count;
    },
    took: (ms) => void took.push(ms),
  };
  const loop = new MainLoop({
    ...{ concurrency, taker, outage, queue },
    ahead: ahead === undefined ? undefined : held,
  });
  let isOver = false;
  const run = async (): Promise<void> => {
    void loop.run().then(() => {
      isOver = true;
    });
    await settle();
  };
  /** Ends attempts in one tick. */
  const end = async (
    ids: readonly string[],
    ending?: (attempt: ActiveAttempt) => Ending | undefined,
  ): Promise<void> => {
    for (const id of ids) {
      const attempt = attempts.get(id) as ActiveAttempt;
      running.get(id)?.(ending === undefined ? attempt.end({ kind: 'completed', result: 1 }) : ending(attempt));
      running.delete(id);
    }
    await settle();
  };
  const close = async (): Promise<void> => {
    loop.close();
    await settle();
  };
  return {
    ...{ loop, run, end, close, turns, told, running, recording, recorded, waits, errors, took, counts, taker },
    ...{ outage, held, plays, attempts },
    get isOver() {
      return isOver;
    },
    /** The turns that were sent since the last look. */
    sent: () => turns.map(({ ends, free, ahead }) => ({ ends, free, ahead })),
    begun: () => told.filter((what) => what.startsWith('begin')).map((what) => what.slice(6)),
  };
}

const jobs = (...ids: (string | Partial<FetchedJob>)[]): HeldJob[] =>
  ids.map((id) => heldJob(typeof id === 'string' ? { id } : id));
const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `j${at + 1}`);
const row = (id: string): Partial<FetchedJob> => ({ id, opts: { bullpen: { batch: 'b1' } } });
const suspect = (id: string): Partial<FetchedJob> => ({ id, suspectMs: 5 });

describe('MainLoop', () => {
  it('fetches for all its slots in one turn, and begins what it gets, in order', async () => {
    const { run, turns, sent, begun } = looping({ concurrency: 3 });
    await run();
    expect(sent()).toEqual([{ ends: [], free: 3, ahead: 0 }]);
    await turns[0]?.answer({ jobs: jobs('j1', 'j2', 'j3') });
    expect(begun()).toEqual(['j1', 'j2', 'j3']);
    expect(turns.length).toBe(1);
  });

  it('records in one turn what has ended in one tick, and fetches with it for the slots that are free', async () => {
    const { run, turns, end, told, counts } = looping({ concurrency: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2', 'j3') });
    await end(['j1', 'j3']);
    expect(turns[1]).toMatchObject({ ends: ['j1', 'j3'], free: 2, ahead: 0 });
    expect(told.some((what) => what.startsWith('release'))).toBe(false);
    await turns[1]?.answer({ jobs: jobs('j4') });
    expect(told.slice(3)).toEqual(['completed j1', 'release j1', 'completed j3', 'release j3', 'begin j4']);
    expect(counts.answered).toBe(2);
  });

  it('confirms an end only when Redis has it', async () => {
    const { run, turns, end, attempts } = looping();
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    await end(['j1']);
    expect(attempts.get('j1')?.confirmed).toBe(false);
    await turns[1]?.answer();
    expect(attempts.get('j1')?.confirmed).toBe(true);
  });

  it('sends one turn at a time while there is little to say: the next one says the rest', async () => {
    const { run, turns, end } = looping({ concurrency: 20 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(20)) });
    await end(['j1']);
    expect(turns[1]).toMatchObject({ ends: ['j1'], free: 1 });
    await end(['j2']);
    await end(['j3', 'j4']);
    expect(turns.length).toBe(2);
    await turns[1]?.answer({ jobs: jobs('j21') });
    expect(turns[2]).toMatchObject({ ends: ['j2', 'j3', 'j4'], free: 3 });
  });

  it('has several turns on their way while there is much to say, but not any number of them', async () => {
    const { run, turns, end } = looping({ concurrency: 250 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(250)) });
    await end(numbered(250));
    const onTheirWay = turns.slice(1);
    expect(onTheirWay.length).toBeGreaterThan(1);
    expect(onTheirWay.length).toBeLessThanOrEqual(4);
    const said = onTheirWay.flatMap(({ ends }) => ends);
    expect(said).toEqual(numbered(said.length));
    expect(said.length).toBeLessThan(250);
    // No slot is asked for twice.
    expect(onTheirWay.reduce((sum, { free }) => sum + free, 0)).toBeLessThanOrEqual(250);
    for (let at = 1; at < turns.length; at += 1) await turns[at]?.answer();
    expect(turns.flatMap(({ ends }) => ends)).toEqual(numbered(250));
  });

  it('fetches at most 250 jobs in one turn, and more in the next one', async () => {
    const { run, turns } = looping({ concurrency: 400 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(250)) });
    expect(turns.map(({ free }) => free)).toEqual([250, 150]);
  });

  it('sends large results at once', async () => {
    const { run, turns, end, plays } = looping({ concurrency: 100 });
    plays.result = 'x'.repeat(100_000);
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(100)) });
    await end(['j1']);
    await end(['j2', 'j3', 'j4', 'j5']);
    const [, first, second] = turns;
    expect(first?.ends).toEqual(['j1']);
    expect(second?.ends.length).toBeGreaterThan(1);
    expect(second?.ends.length).toBeLessThan(5);
  });

  it('tells once that the queue is drained, until it was not', async () => {
    const { run, turns, waits, end, counts } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer();
    await waits[0]?.end(0);
    await turns[1]?.answer();
    expect(counts.drained).toBe(1);
    await waits[1]?.end(0);
    await turns[2]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1', 'j2']);
    await turns[3]?.answer();
    expect(counts.drained).toBe(2);
  });
});

describe('MainLoop with an end that a turn cannot record', () => {
  it.each<[unknown, unknown]>([
    [1, undefined],
    [-2, new Error('j1: -2')],
    [new Error('OOM'), new Error('OOM')],
  ])('records it in a call of its own after the answer %s; the others are recorded', async (answer, failed) => {
    const { run, turns, end, recorded, told } = looping({ concurrency: 4 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1', 'j2']);
    await turns[1]?.answer({ answers: [answer as number, 0] });
    expect(recorded).toEqual([{ jobId: 'j1', outcome: 'completed', failed }]);
    expect(told.filter((what) => what.startsWith('completed'))).toEqual(['completed j2']);
    expect(told.filter((what) => what.startsWith('release')).sort()).toEqual(['release j1', 'release j2']);
  });

  it('keeps the slot of a failure until its end is recorded', async () => {
    const { run, turns, end, plays, recording, told } = looping();
    plays.recordsAtOnce = false;
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    await end(['j1'], (attempt) => attempt.end(outcomeOf('failed')));
    await pass(60_000);
    expect([told, turns.length]).toEqual([['begin j1', 'record j1'], 1]);
    recording.get('j1')?.();
    await settle();
    expect([told.at(-1), turns[1]]).toMatchObject(['release j1', { ends: [], free: 1 }]);
  });

  it('keeps the slot of a success that a turn was refused until its end is recorded', async () => {
    const { run, turns, end, plays, recording, begun } = looping({ ahead: 5 });
    plays.recordsAtOnce = false;
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    await end(['j1']);
    await turns[1]?.answer({ answers: [1], jobs: jobs('j2') });
    expect(begun()).toEqual(['j1']);
    recording.get('j1')?.();
    await settle();
    expect(begun()).toEqual(['j1', 'j2']);
  });

  it('releases a job that is not ours any more, and records nothing', async () => {
    const { run, turns, end, told, recorded } = looping();
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    await end(['j1'], () => undefined);
    expect([told.slice(1), recorded]).toEqual([['release j1'], []]);
    expect(turns[1]).toMatchObject({ ends: [], free: 1 });
  });

  it('records no end in a turn while a permission is missing: it could be done by half', async () => {
    const { run, turns, end, recorded, outage } = looping();
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    outage.lacksPermission = true;
    await end(['j1']);
    expect(recorded).toEqual([{ jobId: 'j1', outcome: 'completed', failed: undefined }]);
    expect(turns.flatMap(({ ends }) => ends)).toEqual([]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a bug'))],
  ] as const)('fails a job whose attempt %s', async (_, attempt) => {
    const { run, turns, plays, attempts, recorded, told } = looping();
    plays.attempt = attempt;
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    expect(recorded).toMatchObject([{ jobId: 'j1', outcome: 'failed' }]);
    expect([attempts.get('j1')?.outcome, told.at(-1)]).toEqual(['failed', 'release j1']);
  });

  it('fails and releases a job whose end cannot be noted', async () => {
    const { run, turns, plays, recorded, told } = looping();
    plays.attempt = ({ attempt }) => {
      attempt.end = () => {
        throw new RangeError('too deep');
      };
      return attempt.end(outcomeOf('failed'));
    };
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    expect([recorded, told.at(-1)]).toMatchObject([[{ jobId: 'j1', outcome: 'failed' }], 'release j1']);
  });
});

describe('MainLoop after a turn that failed', () => {
  it.each([
    ['Redis refused', Object.assign(new Error('ERR'), { name: 'ReplyError' }), false, true],
    ['Redis is away', new Error('ERR'), true, true],
    // Redis may have the ends: nobody may take this for a refusal.
    ['the answer could not be read', new TypeError('ERR'), false, false],
  ])('records each of its ends by itself and reports the error once: %s', async (_, error, isOutage, isPassedOn) => {
    const { run, turns, end, recorded, errors, told, outage } = looping({ concurrency: 4 });
    outage.noteIfOutage = () => isOutage;
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1', 'j2']);
    await turns[1]?.fail(error);
    const failed = isPassedOn ? error : undefined;
    expect(recorded).toMatchObject([
      { jobId: 'j1', failed },
      { jobId: 'j2', failed },
    ]);
    expect([errors, told.slice(-2)]).toEqual([['ERR'], ['release j1', 'release j2']]);
  });

  it('keeps the slots of its ends until they are recorded', async () => {
    const { run, turns, end, plays, recording } = looping({ concurrency: 4 });
    plays.recordsAtOnce = false;
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2', 'j3', 'j4') });
    await end(['j1', 'j2']);
    await turns[1]?.fail(new Error('READONLY'));
    await pass(500);
    expect(turns.length).toBe(2);
    recording.get('j2')?.();
    await settle();
    expect(turns[2]).toMatchObject({ ends: [], free: 1 });
    recording.get('j1')?.();
    await settle();
    await turns[2]?.answer({ jobs: jobs('j5') });
    expect(turns.slice(2).reduce((sum, { free }) => sum + free, 0)).toBe(2);
  });

  it('fetches nothing for half a second, and then goes on', async () => {
    const { run, turns } = looping();
    await run();
    await turns[0]?.fail(new Error('READONLY'));
    await pass(499);
    expect(turns.length).toBe(1);
    await pass(1);
    expect(turns[1]).toMatchObject({ ends: [], free: 1 });
  });

  it('records what ends meanwhile', async () => {
    const { run, turns, end } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1']);
    await turns[1]?.fail(new Error('READONLY'));
    await end(['j2']);
    expect(turns[2]).toMatchObject({ ends: ['j2'], free: 0, ahead: 0 });
  });

  it('reports no error while it closes, and is over', async () => {
    const loop = looping();
    await loop.run();
    await loop.close();
    expect(loop.isOver).toBe(false);
    await loop.turns[0]?.fail(new Error('Connection is closed.'));
    expect([loop.isOver, loop.errors]).toEqual([true, []]);
  });
});

describe('MainLoop of a queue without jobs', () => {
  it('waits for a job, and fetches when there may be one', async () => {
    const { run, turns, waits } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer();
    expect([turns.length, waits.length]).toEqual([1, 1]);
    await pass(60_000);
    expect([turns.length, waits.length]).toEqual([1, 1]);
    await waits[0]?.end(0);
    expect(turns.length).toBe(2);
  });

  it('keeps a slot for the job that it waits for', async () => {
    const { run, turns, waits, end } = looping({ concurrency: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    expect(waits.length).toBe(1);
    await end(['j1']);
    expect(turns[1]).toMatchObject({ ends: ['j1'], free: 2 });
    await turns[1]?.answer({ jobs: jobs('j2', 'j3') });
    expect(turns.length).toBe(2);
    await waits[0]?.end(0);
    expect(turns[2]).toMatchObject({ ends: [], free: 1 });
  });

  it('waits no longer than until the first delayed job is due', async () => {
    const { run, turns, waits } = looping();
    await run();
    await turns[0]?.answer({ dueInMs: 700 });
    expect(waits.map(({ ms }) => ms)).toEqual([700]);
    await pass(200);
    // Somebody has added one that is due earlier.
    await waits[0]?.end(300);
    expect([turns.length, waits.map(({ ms }) => ms)]).toEqual([1, [700, 300]]);
    await waits[1]?.end(0);
    expect(turns.length).toBe(2);
  });

  it('waits while all its slots are taken for none', async () => {
    const { run, turns, waits, end } = looping({ concurrency: 1, ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    expect([turns.length, waits.length]).toEqual([1, 0]);
    await end(['j1']);
    await turns[1]?.answer();
    expect(waits.length).toBe(1);
  });
});

describe('MainLoop of a queue that is limited', () => {
  it('fetches nothing until the limit ends', async () => {
    const { run, turns, waits } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ limitedMs: 1_000 });
    await pass(999);
    expect([turns.length, waits.length]).toEqual([1, 0]);
    await pass(1);
    expect(turns[1]).toMatchObject({ ends: [], free: 2 });
  });

  it('looks again after half a minute: the limit may have been lifted', async () => {
    const { run, turns } = looping();
    await run();
    await turns[0]?.answer({ limitedMs: 86_400_000 });
    await pass(30_000);
    expect(turns.length).toBe(2);
  });

  it('records what ends meanwhile', async () => {
    const { run, turns, end, told } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1']);
    await turns[1]?.answer({ limitedMs: 60_000 });
    await end(['j2']);
    expect(turns[2]).toMatchObject({ ends: ['j2'], free: 0, ahead: 0 });
    await turns[2]?.answer();
    expect(told.at(-1)).toBe('release j2');
  });

  it('is over when it closes, without waiting for the end of the limit', async () => {
    const loop = looping();
    await loop.run();
    await loop.turns[0]?.answer({ limitedMs: 60_000 });
    await loop.close();
    expect(loop.isOver).toBe(true);
  });
});

describe('MainLoop while no job may be fetched', () => {
  it('records ends, fetches nothing, and looks 20 times a second whether it may', async () => {
    const { run, turns, end, taker } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    taker.isHeld = true;
    await end(['j1']);
    expect(turns[1]).toMatchObject({ ends: ['j1'], free: 0, ahead: 0 });
    await turns[1]?.answer();
    await pass(1_000);
    expect(turns.length).toBe(2);
    taker.isHeld = false;
    await pass(50);
    expect(turns[2]).toMatchObject({ ends: [], free: 1 });
  });

  it('fetches after a wake that came while a turn was on its way that found nothing', async () => {
    const { run, end, turns, waits } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1') });
    await end(['j1']);
    expect(turns[1]).toMatchObject({ ends: ['j1'], free: 1 });
    // The job came right after Redis carried out the turn.
    await waits[0]?.end(0);
    expect(turns.length).toBe(2);
    await turns[1]?.answer();
    expect([turns.length, waits.length]).toEqual([3, 1]);
    expect(turns[2]).toMatchObject({ ends: [], free: 1 });
  });

  it('wakes another worker for the job that it was woken for', async () => {
    const { run, turns, waits, taker, counts } = looping();
    await run();
    await turns[0]?.answer();
    taker.isHeld = true;
    await waits[0]?.end(0);
    expect([turns.length, counts.woken]).toEqual([1, 1]);
    taker.isHeld = false;
    await pass(50);
    expect([turns.length, counts.woken]).toEqual([2, 1]);
  });
});

describe('MainLoop of a queue that is full by its global concurrency', () => {
  it('asks again when it has recorded an end by itself: that call fetches nothing', async () => {
    const loop = looping({ concurrency: 2 });
    loop.plays.recordsAtOnce = false;
    await loop.run();
    await loop.turns[0]?.answer({ jobs: jobs('j1') });
    await loop.end(['j1'], (attempt) => attempt.end(outcomeOf('failed')));
    expect(loop.turns).toHaveLength(1);
    loop.recording.get('j1')?.();
    await settle();
    expect(loop.turns).toHaveLength(2);
    expect(loop.turns[1]).toMatchObject({ ends: [], free: 1 });
  });
});

describe('MainLoop that closes', () => {
  it('hands back in order what has not begun, and is over when the last end is recorded', async () => {
    const loop = looping({ ahead: 3 });
    await loop.run();
    await loop.turns[0]?.answer({ jobs: jobs(...numbered(4)) });
    await loop.close();
    expect(loop.recorded.map(({ jobId, outcome }) => [jobId, outcome])).toEqual([
      ['j2', 'interrupted'],
      ['j3', 'interrupted'],
      ['j4', 'interrupted'],
    ]);
    expect([loop.begun(), loop.isOver]).toEqual([['j1'], false]);
    await loop.end(['j1']);
    expect(loop.turns.at(-1)).toMatchObject({ ends: ['j1'], free: 0, ahead: 0 });
    expect(loop.isOver).toBe(false);
    await loop.turns.at(-1)?.answer();
    expect(loop.isOver).toBe(true);
  });

  it('hands back what a turn brings that was on its way', async () => {
    const loop = looping({ concurrency: 2 });
    await loop.run();
    await loop.close();
    expect(loop.isOver).toBe(false);
    await loop.turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    expect([loop.begun(), loop.recorded.map(({ jobId }) => jobId)]).toEqual([[], ['j1', 'j2']]);
    expect(loop.isOver).toBe(true);
  });

  it('wakes another worker for the job that its wait brings', async () => {
    const loop = looping();
    await loop.run();
    await loop.turns[0]?.answer();
    await loop.close();
    await loop.waits[0]?.end(0);
    expect([loop.isOver, loop.counts.woken, loop.turns.length]).toEqual([true, 1, 1]);
  });

  it('wakes another worker for the place of a job whose end was recorded by itself', async () => {
    const loop = looping();
    loop.plays.recordsAtOnce = false;
    await loop.run();
    await loop.turns[0]?.answer({ jobs: jobs('j1') });
    await loop.close();
    await loop.end(['j1'], (attempt) => attempt.end(outcomeOf('failed')));
    expect(loop.counts.woken).toBe(0);
    loop.recording.get('j1')?.();
    await settle();
    expect([loop.isOver, loop.counts.woken]).toEqual([true, 1]);
  });

  it('is over only when a record is, through however long an outage', async () => {
    const loop = looping();
    loop.plays.recordsAtOnce = false;
    await loop.run();
    await loop.turns[0]?.answer({ jobs: jobs('j1') });
    await loop.end(['j1'], (attempt) => attempt.end(outcomeOf('failed')));
    await loop.close();
    await pass(60_000);
    expect(loop.isOver).toBe(false);
    loop.recording.get('j1')?.();
    await settle();
    expect(loop.isOver).toBe(true);
  });

  it('leaves no timer behind', async () => {
    const loop = looping();
    await loop.run();
    await loop.turns[0]?.fail(new Error('READONLY'));
    await loop.close();
    expect([loop.isOver, vi.getTimerCount()]).toEqual([true, 0]);
  });
});

describe('MainLoop with a job that is not ready to begin', () => {
  it('begins it when it is ready; its slot is taken until then, and the others begin', async () => {
    const { run, turns, begun } = looping({ concurrency: 2 });
    let ready = (_: HeldJob): void => undefined;
    const [scheduled, other] = jobs('scheduled', 'other') as [HeldJob, HeldJob];
    await run();
    const coming = new Promise<HeldJob>((resolve) => {
      ready = resolve;
    });
    await turns[0]?.answer({ jobs: [coming, other] });
    expect([begun(), turns.length]).toEqual([['other'], 1]);
    ready(scheduled);
    await settle();
    expect([begun(), turns.length]).toEqual([['other', 'scheduled'], 1]);
  });
});

describe('MainLoop that fetches nothing ahead', () => {
  it('begins a job in a slot only when Redis has the end of the one before it', async () => {
    const { run, turns, end, begun, sent } = looping({ concurrency: 2 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', 'j2') });
    await end(['j1']);
    await end(['j2']);
    expect([begun(), sent().every(({ ahead }) => ahead === 0)]).toEqual([['j1', 'j2'], true]);
  });

  it('never has more jobs begun and not recorded than it has slots', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { exceeded, counts } = await played(seed, { concurrency: 7 });
    expect([exceeded, counts.most], `seed ${seed}`).toEqual([[], 7]);
  });
});

describe('MainLoop that fetches ahead', () => {
  it('asks for as many more as it may hold', async () => {
    const { run, turns, sent, held } = looping({ concurrency: 2, ahead: 5 });
    await run();
    expect(sent()).toEqual([{ ends: [], free: 2, ahead: 5 }]);
    await turns[0]?.answer({ jobs: jobs(...numbered(7)) });
    expect([held.held, turns.length]).toEqual([5, 1]);
  });

  it('begins the next job before Redis has the end of the one before it', async () => {
    const { run, turns, end, begun } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(4)) });
    await end(['j1']);
    expect([begun(), turns[1]?.ends]).toEqual([['j1', 'j2'], ['j1']]);
  });

  it('begins no job in a slot while an end older than 5 ms is on its way', async () => {
    const { run, turns, end, begun } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(4)) });
    await end(['j1']);
    await pass(6);
    await end(['j2']);
    expect(begun()).toEqual(['j1', 'j2']);
    await turns[1]?.answer();
    expect(begun()).toEqual(['j1', 'j2', 'j3']);
  });

  it('has begun and not recorded at most its slots and what ended in the last 5 ms', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { exceeded, counts } = await played(seed, { concurrency: 7, ahead: 20 });
    expect(exceeded, `seed ${seed}`).toEqual([]);
    // It does make use of it.
    expect(counts.most, `seed ${seed}`).toBeGreaterThan(7);
  });

  it('begins a row only when Redis has the end of the row before it', async () => {
    const { run, turns, end, begun } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(row('r1'), row('r2')) });
    await end(['r1']);
    expect(begun()).toEqual(['r1']);
    await turns[1]?.answer();
    expect(begun()).toEqual(['r1', 'r2']);
  });

  it('gives back in order, after some tens of ms, what waits behind a slow job, and learns from it', async () => {
    const { run, turns, recorded, took, begun } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(4)) });
    await pass(19);
    expect(recorded).toEqual([]);
    await pass(21);
    expect(recorded.map(({ jobId, outcome }) => [jobId, outcome])).toEqual([
      ['j2', 'interrupted'],
      ['j3', 'interrupted'],
      ['j4', 'interrupted'],
    ]);
    expect(begun()).toEqual(['j1']);
    expect(Math.max(...took)).toBeGreaterThanOrEqual(20);
  });

  it('gives nothing back while a permission is missing: it could be done by half', async () => {
    const { run, turns, recorded, outage } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(...numbered(4)) });
    outage.lacksPermission = true;
    await pass(200);
    expect(recorded).toEqual([]);
    outage.lacksPermission = false;
    await pass(40);
    expect(recorded.length).toBe(3);
  });

  it('holds no suspect, and after one holds nothing for a second', async () => {
    const { run, turns, end, recorded, begun } = looping({ ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs('j1', suspect('s2'), 'j3', suspect('s4')) });
    expect([begun(), recorded.map(({ jobId }) => jobId)]).toEqual([['j1'], ['s2', 's4']]);
    await end(['j1']);
    expect(turns[1]).toMatchObject({ ends: ['j1'], ahead: 0 });
    await pass(1_000);
    await turns[1]?.answer();
    expect(turns[2]).toMatchObject({ ahead: 3 });
  });

  it('begins a suspect for which it has a slot', async () => {
    const { run, turns, recorded, begun } = looping({ concurrency: 2, ahead: 3 });
    await run();
    await turns[0]?.answer({ jobs: jobs(suspect('s1'), 'j2') });
    expect([begun(), recorded]).toEqual([['s1', 'j2'], []]);
  });

  it('keeps going with handlers that end at once, without a stack as deep as the queue', async () => {
    const { run, turns, begun, counts } = looping({ concurrency: 1, ahead: 50, endsAtOnce: true });
    await run();
    for (let turn = 0, next = 1; next <= 2_000; turn += 1) {
      const { free = 0, ahead = 0 } = turns[turn] ?? {};
      const ids = numbered(next + free + ahead - 1).slice(next - 1);
      next += ids.length;
      await turns[turn]?.answer({ jobs: jobs(...ids) });
    }
    expect(begun()).toEqual(numbered(begun().length));
    expect(begun().length).toBeGreaterThan(1_500);
    expect(counts.drained).toBe(0);
  });
});

/** Plays a queue of 500 jobs, with a random order of all that may happen, until all are recorded. */
async function played(seed: number, setting: Setting & { readonly concurrency: number }) {
  const loop = looping(setting);
  const { plays, counts, running, recorded, turns, waits } = loop;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  const waiting = numbered(500);
  const done = new Set<string>();
  /** When each job ended whose end is not recorded. */
  const endedAt = new Map<string, number>();
  const exceeded: string[] = [];
  plays.onBegin = (jobId) => {
    const now = performance.now();
    const recent = [...endedAt.values()].filter((at) => now - at <= 5).length;
    const bound = setting.concurrency + (setting.ahead === undefined ? 0 : recent);
    if (counts.unrecorded > bound) exceeded.push(`${jobId}: ${counts.unrecorded} of ${bound}`);
  };
  await loop.run();
  for (let answered = 0, step = 0; done.size < 500; step += 1) {
    if (step > 20_000) throw new Error(`seed ${seed}: only ${done.size} jobs were recorded`);
    const next = turns[answered];
    const what = random(10);
    if (what < 4) {
      const ids = [...running.keys()].filter(() => random(2) === 0);
      for (const id of ids) endedAt.set(id, performance.now());
      await loop.end(ids);
    } else if (what < 8 && next !== undefined) {
      answered += 1;
      for (const id of next.ends) {
        endedAt.delete(id);
        done.add(id);
      }
      await next.answer({ jobs: jobs(...waiting.splice(0, next.free + next.ahead)) });
    } else await pass(random(5));
    waiting.unshift(...recorded.splice(0).map(({ jobId }) => jobId));
    for (const wait of waits.splice(0)) await wait.end(0);
  }
  return { ...loop, exceeded };
}
