import { EventEmitter } from 'node:events';
import { CANCELLED_FAILURE, type Redis, type RedisClock } from '@bullpen/shared/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { heldJob } from '../../test/held-job.js';
import type { Notes } from '../attempt/notes.js';
import { ActiveAttempt, type Ending } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { Recorder } from '../in-flight/recorder.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { Backend } from './backend.js';
import type { BullmqJob } from './bullmq-job.js';
import type { HeldJob, JobFields } from './held-job.js';
import type { Turn, TurnAnswer } from './turn-calls.js';
import { type EngineWorker, TurningQueue } from './turning-queue.js';

const NOW = 1_700_000_000_000;
const FIELDS = { name: 'mail.send', data: '{"to":"x"}', opts: '{"attempts":3}', timestamp: '5', ats: '1' };
const pairsOf = (fields: object): string[] => Object.entries(fields).flat();

/** Queue mail as the main loop sees it, between a worker and a Redis that the test plays. */
function turning(answer: Partial<TurnAnswer> = {}) {
  const events = new EventEmitter();
  const turns: Turn[] = [];
  const made: unknown[] = [];
  const told: string[] = [];
  const taken: FetchedJob[] = [];
  const refusals: unknown[] = [];
  const plays = {
    /** What comes of enqueuing the next run of a scheduler, one after the other. */
    scheduling: [] as (Error | undefined)[],
    recorder: 'works' as 'works' | 'gives up' | 'throws',
    marker: null as { member: string; score: number } | Error | null,
    isEmpty: true,
  };
  const store = {
    complete: vi.fn(async () => void told.push('complete')),
    fail: vi.fn(async () => void told.push('fail')),
    handBack: vi.fn(async () => void told.push('hand back')),
    snooze: vi.fn(async () => void told.push('snooze')),
    putOff: vi.fn(async () => void told.push('put off')),
  };
  const waited: number[] = [];
  const worker = {
    ...{ id: 'w', name: 'mail', opts: { name: 'w1' }, closing: undefined as Promise<void> | undefined },
    backend: {
      ...store,
      minimumBlockTimeout: 0.002,
      endRefused: (code: number, jobId: string) => new Error(`${jobId}: ${code}`),
      toKey: (type: string) => `p:mail:${type}`,
      async waitForJob(seconds: number) {
        waited.push(seconds);
        if (plays.marker instanceof Error) throw plays.marker;
        return plays.marker;
      },
      isEmpty: async () => plays.isEmpty,
    } as unknown as Backend,
    listenerCount: (event: string) => events.listenerCount(event),
    emit: (event: string, ...args: unknown[]) => events.emit(event, ...args),
    jobOf(json: object, jobId: string) {
      made.push({ jobId, ...json });
      return { id: jobId } as BullmqJob;
    },
    async scheduleNext(_: unknown, jobId: string, token: string) {
      told.push(`schedule ${jobId} ${token}`);
      return plays.scheduling.shift();
    },
  };
  const redis = Object.assign(new EventEmitter(), { status: 'ready', zadd: vi.fn(async () => '1') });
  const quiet = { info: () => undefined, warn: () => undefined } as never;
  const outage = new Outage(redis as unknown as Redis, 'redis://host', quiet);
  /** Takes each error for final where something can be sent instead. */
  const recorder = {
    async record<T>(attempt: ActiveAttempt, send: () => Promise<T>, instead?: (reason: string) => Promise<T>) {
      told.push('recorder');
      if (plays.recorder === 'throws') throw new Error('a bug');
      if (plays.recorder === 'gives up') return undefined;
      const sent = await send().catch((error: Error) => {
        refusals.push(error);
        return instead === undefined ? send() : instead(error.message);
      });
      attempt.confirm();
      return sent;
    },
  };
  const queue = new TurningQueue(worker as unknown as EngineWorker, {
    redis: redis as unknown as ScriptedRedis,
    clock: { at: () => NOW, sync: async () => undefined } as unknown as RedisClock,
    ...{ recorder: recorder as unknown as Recorder, outage },
    taker: {
      ...{ isHeld: false, fetchAnswered: () => void told.push('answered'), release: () => undefined },
      take(job) {
        taken.push(job);
        return new ActiveAttempt(job, leaseFor(job));
      },
      attempt(attempt) {
        told.push(`attempt ${attempt.jobId}`);
        return attempt.end({ kind: 'completed', result: 1 });
      },
      handBack: (attempt) => attempt.putOff(false),
    },
    turns: {
      async send(turn) {
        turns.push(turn);
        return { answers: [], jobs: [], strangers: [], fetchedAt: NOW, limitedMs: 0, dueAt: 0, ...answer };
      },
    },
    malformedJobs: {
      repaired(jobId, token, fields: JobFields) {
        told.push(`repair ${jobId} ${token}`);
        return { ...fields, data: 'null', opts: '{"bullpen":{"malformed":{"data":"{"}}}', progress: '0', parent: '' };
      },
    },
  });
  const on = (event: string): unknown[][] => {
    const heard: unknown[][] = [];
    events.on(event, (...args) => heard.push(args));
    return heard;
  };
  return { queue, worker, store, redis, outage, turns, made, told, taken, refusals, waited, plays, on };
}

const completed = (held: HeldJob, result: unknown = 1): Ending => held.attempt.end({ kind: 'completed', result });
const failed = (held: HeldJob): Ending => held.attempt.end(outcomeOf('failed'));

describe('a turn', () => {
  it('reports each id that was taken off the queue because its key holds no job', async () => {
    const { queue, on } = turning({ strangers: ['x', 'y'] });
    const errors = on('error');
    await queue.turn([], 2, 0);
    expect(errors.flat().map(String)).toEqual([
      "Error: 'x' was taken off queue 'mail': its key holds no job",
      "Error: 'y' was taken off queue 'mail': its key holds no job",
    ]);
  });

  it('takes each job that it brings, under its token, by the clock of Redis', async () => {
    const { queue, turns, taken, made } = turning({
      jobs: [
        ['j-1', pairsOf(FIELDS)],
        ['j-2', pairsOf({ ...FIELDS, ats: '4', atm: '1' })],
      ],
    });
    const { jobs } = await queue.turn([], 2, 0);
    expect(turns).toEqual([{ ends: [], token: 'w:1', free: 2, ahead: 0 }]);
    expect(taken).toMatchObject([
      { queue: 'mail', id: 'j-1', data: { to: 'x' }, token: 'w:1', worker: 'w1', fetchedAt: NOW, fetches: 2 },
      { id: 'j-2', token: 'w:1', fetches: 5, attemptsMade: 1 },
    ]);
    expect(jobs).toMatchObject([{ attempt: { jobId: 'j-1' } }, { attempt: { jobId: 'j-2' } }]);
    // No object of BullMQ's is made of a job that nobody asks for.
    expect(made).toEqual([]);
  });

  it('has a token of its own, also when the one before it failed: nobody knows what Redis did', async () => {
    const { queue, turns } = turning();
    for (let turn = 0; turn < 3; turn += 1) await queue.turn([], 1, 0);
    expect(turns.map(({ token }) => token)).toEqual(['w:1', 'w:2', 'w:3']);
  });

  it('says in how many ms the first delayed job is due, by the clock of Redis', async () => {
    expect(await turning({ dueAt: NOW + 700 }).queue.turn([], 1, 0)).toMatchObject({ dueInMs: 700 });
    expect(await turning({ dueAt: 0 }).queue.turn([], 1, 0)).toMatchObject({ dueInMs: Number.POSITIVE_INFINITY });
  });

  it('hands on the answers and the limit', async () => {
    const { queue } = turning({ answers: [0, -2], limitedMs: 250 });
    expect(await queue.turn([], 1, 0)).toMatchObject({ answers: [0, -2], limitedMs: 250 });
  });

  it.each([{ data: '{' }, { opts: 'null' }, { progress: '50%' }, { parent: 'p' }])(
    'takes a job with %j after it was repaired, and the others as they are',
    async (malformed) => {
      const { queue, told, taken } = turning({
        jobs: [
          ['j-1', pairsOf({ ...FIELDS, ...malformed })],
          ['j-2', pairsOf(FIELDS)],
        ],
      });
      const { jobs } = await queue.turn([], 2, 0);
      expect(told).toEqual(['repair j-1 w:1']);
      expect(taken).toMatchObject([{ id: 'j-1', data: null, storedData: 'null' }, { id: 'j-2' }]);
      expect((jobs[0] as HeldJob).attempt.bullpen.malformed).toEqual(['data']);
    },
  );

  it('tells listeners that a job is active, with BullMQ’s object for it', async () => {
    const { queue, on, made } = turning({ jobs: [['j-1', pairsOf(FIELDS)]] });
    const heard = on('active');
    const { jobs } = await queue.turn([], 1, 0);
    expect(heard).toMatchObject([[{ id: 'j-1', token: 'w:1', attempt: (jobs[0] as HeldJob).attempt }, 'waiting']]);
    expect(made).toMatchObject([{ jobId: 'j-1', name: 'mail.send', data: '{"to":"x"}' }]);
  });

  it('makes one object of BullMQ’s for a job, however often it is asked for', async () => {
    const { queue, made } = turning({ jobs: [['j-1', pairsOf(FIELDS)]] });
    const [held] = (await queue.turn([], 1, 0)).jobs as [HeldJob];
    expect(held.bullmqJob()).toBe(held.bullmqJob());
    expect(made.length).toBe(1);
  });
});

describe('a job of a scheduler', () => {
  const run = { ...FIELDS, rjk: 'hourly' };

  it('begins when its next run is enqueued', async () => {
    const { queue, told } = turning({ jobs: [['j-1', pairsOf(run)]] });
    const [job] = (await queue.turn([], 1, 0)).jobs;
    expect(job).toBeInstanceOf(Promise);
    expect((await job)?.attempt.jobId).toBe('j-1');
    expect(told).toEqual(['schedule j-1 w:1']);
  });

  it('waits while Redis is away: otherwise the schedule would end here', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { queue, told, plays } = turning({ jobs: [['j-1', pairsOf(run)]] });
    const away = () => new Error('Connection is closed.');
    plays.scheduling.push(away(), away());
    const [job] = (await queue.turn([], 1, 0)).jobs;
    await vi.advanceTimersByTimeAsync(499);
    expect(told.length).toBe(1);
    await vi.advanceTimersByTimeAsync(501);
    expect((await job)?.attempt.jobId).toBe('j-1');
    expect(told.length).toBe(3);
  });

  it.each([
    ['Redis refuses for good', new Error('Invalid cron'), false],
    ['the worker closes', new Error('Connection is closed.'), true],
  ])('begins without a next run when %s', async (_, fault, isClosing) => {
    const { queue, told, plays, worker } = turning({ jobs: [['j-1', pairsOf(run)]] });
    plays.scheduling.push(fault);
    if (isClosing) worker.closing = Promise.resolve();
    const [job] = (await queue.turn([], 1, 0)).jobs;
    expect([(await job)?.attempt.jobId, told.length]).toEqual(['j-1', 1]);
  });
});

describe('an attempt', () => {
  it('is the taker’s', async () => {
    const { queue, told } = turning();
    expect(await queue.attempt(heldJob())).toMatchObject({ outcome: { kind: 'completed' } });
    expect(told).toEqual(['attempt j-1']);
  });

  it('does not begin when BullMQ has decided that the job fails', async () => {
    const { queue, told } = turning();
    expect(await queue.attempt(heldJob({}, { fields: { defa: 'child j-0 failed' } }))).toMatchObject({
      outcome: { kind: 'failed', error: { message: 'child j-0 failed' } },
      isFinal: true,
    });
    expect(told).toEqual([]);
  });

  it('is the taker’s when the job was cancelled: it knows how that ends', async () => {
    const { queue, told } = turning();
    await queue.attempt(heldJob({ cancelled: true }, { fields: { defa: CANCELLED_FAILURE } }));
    expect(told).toEqual(['attempt j-1']);
  });
});

describe('an end that a turn records', () => {
  it('is a success, with its result and its number of attempts', () => {
    const { queue } = turning();
    const held = heldJob({ attemptsMade: 1, token: 'w:7' });
    expect(queue.plainEnd(held, completed(held, { sent: 1 }))).toEqual({
      ...{ jobId: 'j-1', token: 'w:7', result: '{"sent":1}', kind: ['job', 2] },
    });
  });

  it('has null for a missing result', () => {
    const { queue } = turning();
    const held = heldJob();
    expect(queue.plainEnd(held, held.attempt.end({ kind: 'completed', result: undefined }))?.result).toBe('null');
  });

  it('is a row, with what its books keep, or a job that rows share', () => {
    const { queue } = turning();
    const held = heldJob({ id: 'b-b1-7', opts: { bullpen: { batch: 'b1' } } });
    const outcome = { kind: 'completed', result: 1 } as const;
    const row: Notes = { batch: 'b1', row: { row: 7, fate: 'completed', reason: '', text: 'kept', key: '' } };
    expect(queue.plainEnd(held, { outcome, notes: row })?.kind).toEqual(['row', 'b1', 7, 'kept']);
    expect(queue.plainEnd(held, { outcome, notes: { batch: 'b1' } })?.kind).toEqual(['rows', 'b1']);
  });

  it.each(['failed', 'rejected', 'expired', 'crashed', 'cancelled', 'snoozed', 'interrupted'] as const)(
    'is no job that %s',
    (kind) => {
      const { queue } = turning();
      const held = heldJob();
      expect(queue.plainEnd(held, held.attempt.end(outcomeOf(kind)))).toBeUndefined();
    },
  );

  it.each([{ parentKey: 'p:mail:1' }, { deid: 'd' }, { rjk: 'hourly' }])('is no job that is more: %j', (fields) => {
    const { queue } = turning();
    const held = heldJob({}, { fields });
    expect(queue.plainEnd(held, completed(held))).toBeUndefined();
  });

  it.each([
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      },
    ],
    ['a bigint', () => 1n],
  ])('has a result that is JSON, not %s: its own call says why', (_, result) => {
    const { queue } = turning();
    const held = heldJob();
    expect(queue.plainEnd(held, completed(held, result()))).toBeUndefined();
  });
});

describe('an end that is recorded by itself', () => {
  it('goes to the store through the recorder', async () => {
    const { queue, told, store } = turning();
    const held = heldJob();
    const ending = completed(held);
    await queue.record(held, ending);
    expect(told).toEqual(['recorder', 'complete']);
    expect(store.complete).toHaveBeenCalledWith(held, 1);
    expect(held.attempt.confirmed).toBe(true);
  });

  it('gives the recorder the error of the turn first, and is then sent in a call of its own', async () => {
    const { queue, refusals, store } = turning();
    const held = heldJob();
    const error = new Error('READONLY');
    await queue.record(held, failed(held), error);
    expect([refusals, store.fail.mock.calls.length]).toEqual([[error], 1]);
  });

  it('notes at once that a permission is missing, and is sent when it is there again', async () => {
    const { queue, outage, redis, refusals, told } = turning();
    outage.watchPermissions(async () => 'xadd');
    // Otherwise it would ask for ever.
    onTestFinished(() => {
      redis.status = 'end';
    });
    const held = heldJob();
    const error = Object.assign(new Error("NOPERM User x has no permissions to run the 'xadd' command"), {
      name: 'ReplyError',
    });
    await queue.record(held, completed(held), error);
    expect([outage.lacksPermission, refusals, told]).toEqual([true, [], ['recorder', 'complete']]);
  });

  it('fails a job for good when Redis refuses to record its success, and says why', async () => {
    const { queue, store } = turning();
    store.complete.mockRejectedValueOnce(new Error('Job has pending children'));
    const held = heldJob();
    await queue.record(held, completed(held));
    const [, ending] = store.fail.mock.calls[0] as unknown as [HeldJob, Ending];
    expect(ending).toMatchObject({
      outcome: {
        kind: 'failed',
        error: { message: 'the handler succeeded, but Redis refused to record it: Job has pending children' },
      },
      isFinal: true,
    });
  });

  it.each([
    ['failed', 'fail'],
    ['snoozed', 'snooze'],
    ['interrupted', 'hand back'],
  ] as const)('fails no job instead that %s', async (kind, verb) => {
    const { queue, told } = turning();
    const held = heldJob();
    await queue.record(held, held.attempt.end(outcomeOf(kind)), new Error('refused'));
    expect(told).toEqual(['recorder', verb]);
  });

  it('reports what throws while it is recorded, and never throws: its slot would be taken for ever', async () => {
    const { queue, plays, on } = turning();
    plays.recorder = 'throws';
    const errors = on('error');
    const held = heldJob();
    await queue.record(held, completed(held));
    expect([errors, held.attempt.confirmed]).toEqual([[[new Error('a bug')]], false]);
  });
});

describe('listeners', () => {
  const heldFor = (bullmqJob: BullmqJob): HeldJob => heldJob({}, { bullmqJob });
  const BULLMQ_JOB = { id: 'j-1' } as BullmqJob;

  it('hear of an end when Redis has it', async () => {
    const { queue, on, plays } = turning();
    const [completions, failures] = [on('completed'), on('failed')];
    const one = heldFor(BULLMQ_JOB);
    queue.completed(one, completed(one, 7));
    const other = heldFor(BULLMQ_JOB);
    await queue.record(other, failed(other));
    plays.recorder = 'gives up';
    const lost = heldFor(BULLMQ_JOB);
    await queue.record(lost, completed(lost));
    expect(completions).toEqual([[BULLMQ_JOB, 7, 'active']]);
    expect(failures).toEqual([[BULLMQ_JOB, new Error('boom'), 'active']]);
  });

  it('hear of no end that puts the job back in its queue', async () => {
    const { queue, on } = turning();
    const failures = on('failed');
    for (const kind of ['snoozed', 'interrupted'] as const) {
      const held = heldFor(BULLMQ_JOB);
      await queue.record(held, held.attempt.end(outcomeOf(kind)));
    }
    expect(failures).toEqual([]);
  });

  it('hear that the queue is drained, and of errors', () => {
    const { queue, on } = turning();
    const [drained, errors] = [on('drained'), on('error')];
    queue.drained();
    queue.onError(new Error('READONLY'));
    expect([drained, errors]).toEqual([[[]], [[new Error('READONLY')]]]);
  });

  it('cost nothing when there are none: no object of BullMQ’s is made', async () => {
    const { queue } = turning();
    const held = heldJob();
    queue.completed(held, completed(held));
    await queue.record(held, failed(held));
    queue.drained();
  });
});

describe('waiting for a job', () => {
  it.each([
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [700, 0.7],
    [1, 0.002],
  ])('for %d ms blocks for %d s at most', async (ms, seconds) => {
    const { queue, waited } = turning();
    await queue.waitForJob(ms);
    expect(waited).toEqual([seconds]);
  });

  it('goes on when nothing came and the queue is empty: Redis has answered, and nothing is fetched', async () => {
    const { queue, told } = turning();
    expect(await queue.waitForJob(60_000)).toBe(Number.POSITIVE_INFINITY);
    expect(told).toEqual(['answered']);
  });

  it('ends when nothing came and the queue has jobs: a fetch finds them', async () => {
    const { queue, plays, told } = turning();
    plays.isEmpty = false;
    expect([await queue.waitForJob(60_000), told]).toEqual([0, []]);
  });

  it('asks nothing when one is due now', async () => {
    const { queue, waited } = turning();
    expect([await queue.waitForJob(0.5), waited]).toEqual([0, []]);
  });

  it('answers in how many ms one is due, by the clock of Redis; 0 when one waits', async () => {
    const { queue, plays } = turning();
    plays.marker = { member: '1', score: NOW + 300 };
    expect(await queue.waitForJob(1_000)).toBe(300);
    plays.marker = { member: '0', score: 0 };
    expect(await queue.waitForJob(1_000)).toBe(0);
  });

  it('reports an error, unless the worker closes, and looks again', async () => {
    const { queue, plays, worker, on } = turning();
    const errors = on('error');
    plays.marker = new Error('Connection is closed.');
    expect(await queue.waitForJob(1_000)).toBe(0);
    worker.closing = Promise.resolve();
    expect(await queue.waitForJob(1_000)).toBe(0);
    expect(errors).toEqual([[plays.marker]]);
  });

  it('leaves the job to another worker by waking it, whether or not Redis hears it', async () => {
    const { queue, redis } = turning();
    redis.zadd.mockRejectedValueOnce(new Error('READONLY'));
    queue.wakeAnother();
    expect(redis.zadd).toHaveBeenCalledWith('p:mail:marker', 0, '0');
    await new Promise(setImmediate);
  });
});

describe('a refused end', () => {
  it('has the error of BullMQ', () => {
    expect(turning().queue.endRefused(-2, fetchedJob().id).message).toBe('j-1: -2');
  });
});
