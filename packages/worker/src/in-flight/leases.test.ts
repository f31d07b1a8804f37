import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { Outage } from '../redis/outage.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import { Leases } from './leases.js';

const LEASE_MS = 10_000;
const TICK_MS = 1_000;

/**
 * The monotonic clock, moved by the test: either with timers that fire in time, or without, like an
 * event loop that stands still.
 */
let now = 0;

beforeEach(() => {
  now = 1_000_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    clock.mockRestore();
    vi.useRealTimers();
  });
});

async function later(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    now += 50;
    await vi.advanceTimersByTimeAsync(50);
  }
}

/** Time passes without timers, and then the next timer fires. */
async function standStill(ms: number): Promise<void> {
  now += ms;
  await vi.advanceTimersByTimeAsync(TICK_MS);
}

/** One call to Redis. */
interface Question {
  readonly at: number;
  readonly queue: string;
  readonly ids: readonly unknown[];
  /** Whether a crash that was counted meanwhile is taken back. */
  readonly isInnocent: boolean;
  readonly args: readonly unknown[];
}

type Reply = string | Error | Promise<string>;

/** Leases of some attempts. Redis answers that all are held, until the test changes `reply`. */
function leasing() {
  const questions: Question[] = [];
  const lines: string[] = [];
  const startedAt = now;
  const redis = {
    reply: ({ ids }: Question): Reply => 'h'.repeat(ids.length),
    async bullpenRenew(...args: unknown[]): Promise<string> {
      const ids = args.slice(5).filter((_, at) => at % 7 === 0);
      const queue = String(args[2]).split(':')[1] ?? '';
      const question = { at: now - startedAt, queue, ids, isInnocent: args[4] === '1', args };
      questions.push(question);
      const reply = redis.reply(question);
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const log = { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger;
  const active = new ActiveAttempts();
  const outage = new Outage(new EventEmitter() as unknown as Redis, 'redis://host', log);
  const observers = new Observers(log, (run) => run());
  const told: string[] = [];
  observers.add((event) => void told.push(event.kind));
  const leases = new Leases({
    ...{ redis: redis as unknown as ScriptedRedis, prefix: 'p', active, leaseMs: LEASE_MS, outage, log, observers },
  });
  onTestFinished(() => leases.close());
  return { leases, redis, active, outage, questions, lines, told };
}

/** An attempt that begins now, and whether it was abandoned. */
function begin(active: ActiveAttempts, jobId: string, queue = 'mail'): ActiveAttempt & { wasAbandoned: () => boolean } {
  const job = fetchedJob({ queue, id: jobId, token: `t-${jobId}`, attemptsMade: 2, fetches: 5, crashes: 1 });
  const attempt = active.begin(job, leaseFor(job, LEASE_MS));
  let abandoned = false;
  attempt.stop.onAbandon(() => {
    abandoned = true;
  });
  return Object.assign(attempt, { wasAbandoned: () => abandoned });
}

/** A reply that comes when the test says so. */
function held() {
  let answer: (answers: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const reply = new Promise<string>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  return { reply, answer, fail };
}

const RAN_OUT = 'warn: lease ran out; aborting the attempt';
const LOST = 'error: lease lost; another worker may attempt the job';
const lost = () => new Error('Connection is closed.');

describe('Leases that are renewed', () => {
  it('are renewed long before their end, and not before a quarter of their time is over', async () => {
    const { leases, active, questions, lines } = leasing();
    const { lease, stop } = begin(active, 'j-1');
    leases.start();
    let least = Number.POSITIVE_INFINITY;
    for (let passed = 0; passed < 60_000; passed += TICK_MS) {
      await later(TICK_MS);
      least = Math.min(least, lease.until - now);
    }
    expect(questions.slice(0, 3).map(({ at }) => at)).toEqual([3_000, 6_000, 9_000]);
    expect(least).toBeGreaterThan(LEASE_MS / 2);
    expect([lease.lapsed, lease.lost, stop.reason, lines]).toEqual([false, false, undefined, []]);
  });

  it('are renewed by queue, with all that Redis needs to know', async () => {
    const { leases, active, questions } = leasing();
    for (const [id, queue] of [
      ['1', 'mail'],
      ['2', 'images'],
      ['3', 'mail'],
    ] as const)
      begin(active, id, queue);
    leases.start();
    await later(3_000);
    expect(questions.map(({ args }) => args)).toEqual([
      [
        ...['p:mail:active', 'p:mail:stalled', 'p:mail:', LEASE_MS, '1'],
        ...['1', 't-1', 'w1 5 0', 2, 1, '', 1_700_000_000_000],
        ...['3', 't-3', 'w1 5 0', 2, 1, '', 1_700_000_000_000],
      ],
      [
        ...['p:images:active', 'p:images:stalled', 'p:images:', LEASE_MS, '1'],
        ...['2', 't-2', 'w1 5 0', 2, 1, '', 1_700_000_000_000],
      ],
    ]);
  });

  it('are renewed 500 at a time, one call after the other', async () => {
    const { leases, active, redis, questions } = leasing();
    for (let at = 0; at < 1_201; at += 1) begin(active, `j-${at}`);
    begin(active, 'other', 'images');
    const first = held();
    redis.reply = ({ ids }) => (questions.length === 1 ? first.reply : 'h'.repeat(ids.length));
    leases.start();
    await later(4_000);
    expect(questions.map(({ ids }) => ids.length)).toEqual([500]);
    first.answer('h'.repeat(500));
    await vi.advanceTimersByTimeAsync(0);
    expect(questions.map(({ ids, queue }) => `${queue} ${ids.length}`)).toEqual([
      ...['mail 500', 'mail 500', 'mail 201', 'images 1'],
    ]);
    expect(new Set(questions.flatMap(({ ids }) => ids)).size).toBe(1_202);
  });

  it('are not renewed again while Redis has not answered', async () => {
    const { leases, active, redis, questions } = leasing();
    begin(active, 'j-1');
    const slow = held();
    redis.reply = () => slow.reply;
    leases.start();
    await later(9_000);
    expect(questions).toHaveLength(1);
    redis.reply = () => 'h';
    slow.answer('h');
    await later(TICK_MS);
    expect(questions).toHaveLength(2);
  });

  it('count from before the call: Redis renewed them some time between the call and its answer', async () => {
    const { leases, active, redis } = leasing();
    const { lease } = begin(active, 'j-1');
    const slow = held();
    redis.reply = () => slow.reply;
    leases.start();
    await later(3_000);
    const askedAt = now;
    await later(2_000);
    expect(lease.until).toBe(askedAt - 3_000 + LEASE_MS);
    slow.answer('h');
    await vi.advanceTimersByTimeAsync(0);
    expect(lease.until).toBe(askedAt + LEASE_MS);
  });

  it('get each its own answer', async () => {
    const { leases, active, redis } = leasing();
    const attempts = ['1', '2', '3'].map((id) => begin(active, id));
    redis.reply = () => 'hlr';
    leases.start();
    await later(3_000);
    expect(attempts.map(({ lease }) => lease.lost)).toEqual([false, true, false]);
    expect(attempts.map((attempt) => attempt.wasAbandoned())).toEqual([false, true, false]);
    const [first, , third] = attempts.map(({ lease }) => lease.until - now);
    expect([first, third]).toEqual([LEASE_MS, LEASE_MS - 3_000]);
  });
});

describe('a lease that runs out', () => {
  it('aborts its attempt once with LeaseLost, and does not abandon it', async () => {
    const { leases, active, redis, lines, told } = leasing();
    const attempt = begin(active, 'j-1');
    let fired = 0;
    attempt.stop.signal.addEventListener('abort', () => {
      fired += 1;
    });
    redis.reply = () => held().reply;
    leases.start();
    await later(9_950);
    expect([attempt.lease.lapsed, fired]).toEqual([false, 0]);
    await later(50_000);
    expect(attempt.lease).toMatchObject({ lapsed: true, lost: false });
    expect(attempt.stop.reason).toMatchObject({ code: 'BULLPEN_LEASE_LOST' });
    expect([fired, attempt.wasAbandoned(), lines]).toEqual([1, false, [RAN_OUT]]);
    expect(told).toEqual(['lease-lapsed']);
  });

  it('runs out also while Redis refuses, and is renewed when Redis does not refuse any more', async () => {
    const { leases, active, redis, questions, lines } = leasing();
    const { lease } = begin(active, 'j-1');
    redis.reply = () => new Error('LOADING Redis is loading the dataset in memory');
    leases.start();
    await later(12_000);
    expect(lines).toEqual(['warn: redis refuses our commands; retrying', RAN_OUT]);
    const asked = questions.length;
    redis.reply = () => 'h';
    await later(TICK_MS);
    expect([questions.length, lease.lapsed]).toEqual([asked + 1, false]);
    expect(lines.slice(2)).toEqual(['info: redis is available']);
  });

  it('is taken up again when Redis says that nobody else has the job', async () => {
    const { leases, active, redis, lines } = leasing();
    const { lease } = begin(active, 'j-1');
    redis.reply = lost;
    leases.start();
    await later(15_000);
    expect(lease.lapsed).toBe(true);
    redis.reply = () => 'h';
    await later(TICK_MS);
    expect(lease).toMatchObject({ lapsed: false, lost: false, until: now + LEASE_MS });
    await later(30_000);
    expect([lease.lapsed, lines]).toEqual([false, [RAN_OUT]]);
  });

  it('may run out again', async () => {
    const { leases, active, redis } = leasing();
    const { lease } = begin(active, 'j-1');
    leases.start();
    for (let times = 0; times < 2; times += 1) {
      redis.reply = lost;
      await later(15_000);
      expect(lease.lapsed).toBe(true);
      redis.reply = () => 'h';
      await later(TICK_MS);
      expect(lease.lapsed).toBe(false);
    }
  });

  // The call waited for the connection for longer than a lease, and counts from when it was sent:
  // the lease has still lapsed.
  it('runs out once, also when a late answer comes', async () => {
    const { leases, active, redis, lines } = leasing();
    const { lease } = begin(active, 'j-1');
    const slow = held();
    redis.reply = () => slow.reply;
    leases.start();
    await later(20_000);
    redis.reply = () => 'h';
    slow.answer('h');
    await later(TICK_MS);
    expect(lease.until).toBe(now + LEASE_MS);
    expect(lines).toEqual([RAN_OUT]);
  });

  it('does not stop an attempt that has ended and waits to be recorded', async () => {
    const { leases, active, redis, lines } = leasing();
    const attempt = begin(active, 'j-1');
    attempt.end(outcomeOf('completed'));
    redis.reply = lost;
    leases.start();
    await later(15_000);
    expect([attempt.lease.lapsed, attempt.stop.reason, lines]).toEqual([true, undefined, []]);
  });
});

describe('a job that is gone', () => {
  it('is said to be gone: once for all jobs of its queue that went with it, with their number', async () => {
    const { leases, active, redis, lines, told } = leasing();
    const attempts = Array.from({ length: 20 }, (_, at) => begin(active, `j-${at}`));
    // Its lease is not due yet.
    await later(2_000);
    attempts.push(begin(active, 'young'));
    redis.reply = ({ ids }) => 'g'.repeat(ids.length);
    leases.start();
    await later(2_000);
    expect(lines).toEqual([
      expect.stringMatching(/^error: jobs that were being attempted, or about to be, are gone from Redis: .*FLUSHALL/),
    ]);
    expect(attempts.map((attempt) => [attempt.lease.lost, attempt.wasAbandoned()])).toEqual(
      attempts.map(() => [true, true]),
    );
    expect(attempts[20]?.stop.reason).toMatchObject({ code: 'BULLPEN_LEASE_LOST', isGone: true });
    expect(told).toEqual(attempts.map(() => 'job-gone'));
  });

  it('is not taken for recorded when its lock was still ours, also when its attempt has ended', async () => {
    const { leases, active, redis, told } = leasing();
    const attempt = begin(active, 'j-1');
    attempt.end(outcomeOf('completed'));
    redis.reply = () => 'x';
    leases.start();
    await later(3_000);
    expect([attempt.lease.lost, attempt.confirmed, told]).toEqual([true, false, ['job-gone']]);
  });

  it('is also told of when the worker ends before others were looked for', async () => {
    const { leases, active, redis, lines } = leasing();
    begin(active, 'j-1');
    redis.reply = () => 'g';
    leases.start();
    await later(3_000);
    leases.close();
    expect(lines).toEqual([expect.stringContaining('are gone from Redis')]);
  });
});

describe('a lease that is lost', () => {
  it('abandons its attempt at once, and for good', async () => {
    const { leases, active, redis, questions, lines, told } = leasing();
    const attempt = begin(active, 'j-1');
    redis.reply = () => 'l';
    leases.start();
    await later(3_000);
    expect([attempt.lease.lost, attempt.wasAbandoned(), lines]).toEqual([true, true, [LOST]]);
    expect(told).toEqual(['lease-lost']);
    expect(attempt.stop.reason).toMatchObject({ code: 'BULLPEN_LEASE_LOST' });
    redis.reply = () => 'h';
    await later(30_000);
    expect([attempt.lease.lost, attempt.lease.lapsed, questions.length, lines]).toEqual([true, false, 1, [LOST]]);
    expect([await leases.ask(attempt), questions.length]).toEqual(['lost', 1]);
  });

  it.each([
    [undefined, true],
    ['completed', true],
    ['interrupted', false],
    ['snoozed', false],
  ] as const)('when the job is back in its queue and the attempt was %s: lost is %s', async (outcome, lost) => {
    const { leases, active, redis } = leasing();
    const attempt = begin(active, 'j-1');
    if (outcome !== undefined) attempt.end(outcomeOf(outcome));
    redis.reply = () => 'b';
    expect(await leases.ask(attempt)).toBe('returned');
    expect([attempt.lease.lost, attempt.wasAbandoned()]).toEqual([lost, outcome === undefined]);
  });

  it('leaves an attempt alone that has ended: the answer to its record may be on its way, and otherwise the recorder asks', async () => {
    const { leases, active, redis, lines } = leasing();
    const attempt = begin(active, 'j-1');
    attempt.end(outcomeOf('completed'));
    redis.reply = () => 'l';
    leases.start();
    await later(3_000);
    expect([attempt.lease.lost, lines]).toEqual([false, []]);
    expect(await leases.ask(attempt)).toBe('lost');
    expect([attempt.lease.lost, attempt.wasAbandoned(), attempt.stop.reason]).toEqual([true, false, undefined]);
    expect(lines).toEqual([LOST]);
  });

  it('does not change the reason of an earlier stop', async () => {
    const { leases, active, redis } = leasing();
    const attempt = begin(active, 'j-1');
    redis.reply = lost;
    leases.start();
    await later(11_000);
    const { reason } = attempt.stop;
    redis.reply = () => 'l';
    await later(TICK_MS);
    expect([attempt.wasAbandoned(), attempt.stop.reason === reason]).toEqual([true, true]);
  });

  // The job was handed back, for example, and another worker has it already, as intended.
  it('is not reported for an attempt whose end Redis has confirmed', async () => {
    const { leases, active, redis, lines } = leasing();
    const attempt = begin(active, 'j-1');
    const slow = held();
    redis.reply = () => slow.reply;
    leases.start();
    await later(3_000);
    attempt.end(outcomeOf('interrupted'));
    attempt.confirm();
    slow.answer('l');
    await vi.advanceTimersByTimeAsync(0);
    expect(lines).toEqual([]);
  });
});

describe('Leases that cannot be renewed', () => {
  it('are logged when it is no outage, and are renewed again later', async () => {
    const { leases, active, redis, questions, lines } = leasing();
    begin(active, 'j-1');
    redis.reply = () => new Error('WRONGTYPE Operation against a key');
    leases.start();
    await later(3_000);
    expect(lines).toEqual(['error: leases could not be renewed']);
    await later(TICK_MS);
    expect(questions).toHaveLength(2);
  });

  it('are not logged in an outage, which logs itself', async () => {
    const { leases, active, redis, lines } = leasing();
    begin(active, 'j-1');
    redis.reply = lost;
    leases.start();
    await later(9_000);
    expect(lines).toEqual([]);
  });
});

describe('Leases without an attempt in flight', () => {
  it('have no timer, and one again as soon as an attempt begins', async () => {
    const { leases, active, questions } = leasing();
    leases.start();
    expect(vi.getTimerCount()).toBe(0);
    const first = begin(active, 'j-1');
    await later(3_000);
    expect(questions).toHaveLength(1);
    active.release(first);
    await later(TICK_MS);
    expect(vi.getTimerCount()).toBe(0);
    // The time without a timer is no standstill.
    now += 10 * LEASE_MS;
    begin(active, 'j-2');
    await later(3_000);
    expect(questions.map(({ ids, isInnocent }) => [ids, isInnocent])).toEqual([
      [['j-1'], true],
      [['j-2'], true],
    ]);
  });
});

describe('an event loop that stood still', () => {
  const STOOD_STILL = 'warn: event loop stood still; leases cannot be renewed meanwhile';

  it('is logged when it stood still for more than a fifth of a lease', async () => {
    const { leases, lines, active } = leasing();
    leases.start();
    begin(active, 'j-1');
    await later(5_000);
    await standStill(TICK_MS + LEASE_MS / 5);
    expect(lines).toEqual([]);
    await standStill(TICK_MS + LEASE_MS / 5 + 1);
    expect(lines).toEqual([STOOD_STILL]);
    await later(5_000);
    expect(lines).toEqual([STOOD_STILL]);
  });

  it('finds lapsed leases when it stood still for longer than a lease, and asks Redis whose the jobs are', async () => {
    const { leases, active, questions, lines } = leasing();
    const { lease, stop } = begin(active, 'j-1');
    leases.start();
    await standStill(LEASE_MS * 2);
    expect(stop.reason).toMatchObject({ code: 'BULLPEN_LEASE_LOST' });
    expect([lines, questions.length, lease.lapsed]).toEqual([[STOOD_STILL, RAN_OUT], 1, false]);
  });
});

describe('a crash that Redis counted meanwhile', () => {
  /** Whether the last call asked to take it back. */
  const isTakenBack = (questions: readonly Question[]) => questions.at(-1)?.isInnocent;

  it('is taken back when this worker only could not reach Redis', async () => {
    const { leases, active, redis, questions } = leasing();
    begin(active, 'j-1');
    redis.reply = lost;
    leases.start();
    await later(60_000);
    expect(questions.map(({ isInnocent }) => isInnocent)).not.toContain(false);
  });

  it('counts when the event loop stood still for more than half a lease, and for two leases after that', async () => {
    const { leases, active, redis, questions } = leasing();
    begin(active, 'j-1');
    redis.reply = lost;
    leases.start();
    await later(4_000);
    await standStill(TICK_MS + LEASE_MS / 2);
    expect(isTakenBack(questions)).toBe(true);
    await standStill(TICK_MS + LEASE_MS / 2 + 50);
    expect(isTakenBack(questions)).toBe(false);
    await later(2 * LEASE_MS - TICK_MS);
    expect(isTakenBack(questions)).toBe(false);
    await later(TICK_MS);
    expect(isTakenBack(questions)).toBe(true);
  });

  it('counts also in a call that is sent before the timer of the leases fires again', async () => {
    const { leases, active, questions } = leasing();
    const attempt = begin(active, 'j-1');
    leases.start();
    now += LEASE_MS / 2;
    await leases.ask(attempt);
    expect(isTakenBack(questions)).toBe(true);
    now += 1;
    await leases.ask(attempt);
    expect(isTakenBack(questions)).toBe(false);
  });
});

describe('probing whether we may renew leases', () => {
  it('renews none', async () => {
    const { leases, questions } = leasing();
    await leases.probe('mail');
    expect(questions.map(({ queue, ids }) => [queue, ids])).toEqual([['mail', []]]);
  });

  it('throws when we may not', async () => {
    const { leases, redis } = leasing();
    redis.reply = () => new Error("NOPERM this user has no permissions to run the 'evalsha' command");
    await expect(leases.probe('mail')).rejects.toThrow('NOPERM');
  });
});

describe('renewing a queue', () => {
  it('happens at once, for all leases of that queue that are ours, also while another renewal is unanswered', async () => {
    const { leases, active, redis, questions } = leasing();
    const [, lostOne, done] = ['1', '2', '3'].map((id) => begin(active, id));
    begin(active, '4', 'images');
    Object.assign(lostOne?.lease ?? {}, { lost: true });
    done?.confirm();
    redis.reply = () => new Promise(() => undefined);
    leases.start();
    await later(3_000);
    questions.length = 0;
    leases.renewQueue('mail');
    expect(questions.map(({ queue, ids }) => [queue, ids])).toEqual([['mail', ['1']]]);
  });

  it('leaves no unhandled rejection when it fails', async () => {
    const { leases, active, redis } = leasing();
    begin(active, '1');
    redis.reply = lost;
    leases.renewQueue('mail');
    await later(50);
  });
});

describe('asking about one lease', () => {
  it.each([
    ['h', 'held'],
    ['r', 'recorded'],
    ['b', 'returned'],
    ['l', 'lost'],
    ['', 'lost'],
    ['?', 'lost'],
  ])('reads %j as %s', async (reply, answer) => {
    const { leases, active, redis } = leasing();
    const attempt = begin(active, 'j-1');
    redis.reply = () => reply;
    expect([await leases.ask(attempt), attempt.lease.lost]).toEqual([answer, ['returned', 'lost'].includes(answer)]);
  });

  it('renews it when it is held', async () => {
    const { leases, active } = leasing();
    const attempt = begin(active, 'j-1');
    await later(4_000);
    await leases.ask(attempt);
    expect(attempt.lease.until).toBe(now + LEASE_MS);
  });

  it('waits through an outage of either kind', async () => {
    const { leases, active, redis, questions } = leasing();
    const attempt = begin(active, 'j-1');
    const errors = [lost(), lost(), new Error("READONLY You can't write against a read only replica."), lost()];
    redis.reply = () => errors.shift() ?? 'r';
    let answer: string | undefined;
    const asked = leases.ask(attempt).then((said) => {
      answer = said;
    });
    await later(200);
    expect([answer, questions.length]).toEqual([undefined, 1]);
    await later(1_000);
    await asked;
    expect([answer, questions.length]).toEqual(['recorded', 5]);
  });

  it('throws an error that is no outage', async () => {
    const { leases, active, redis } = leasing();
    redis.reply = () => new Error('WRONGTYPE Operation against a key');
    await expect(leases.ask(begin(active, 'j-1'))).rejects.toThrow('WRONGTYPE');
  });

  it('ends an outage in which Redis refused', async () => {
    const { leases, active, outage } = leasing();
    outage.noteIfOutage(new Error("READONLY You can't write against a read only replica."));
    await leases.ask(begin(active, 'j-1'));
    expect(outage.present).toBe(false);
  });
});

describe('closing the leases', () => {
  it('leaves no timer behind, and calls Redis no more', async () => {
    const { leases, active, questions } = leasing();
    const attempt = begin(active, 'j-1');
    leases.start();
    leases.close();
    leases.close();
    expect([vi.getTimerCount(), leases.closed]).toEqual([0, true]);
    await later(20_000);
    expect([await leases.ask(attempt), questions, attempt.stop.reason]).toEqual(['lost', [], undefined]);
  });

  it('does not call a lease lost that Redis was not asked about', async () => {
    const { leases, active } = leasing();
    const attempt = begin(active, 'j-1');
    leases.close();
    await leases.ask(attempt);
    expect(attempt.lease.lost).toBe(false);
  });

  it('ends a question that waits through an outage', async () => {
    const { leases, active, redis } = leasing();
    redis.reply = lost;
    let answer: string | undefined;
    const asked = leases.ask(begin(active, 'j-1')).then((said) => {
      answer = said;
    });
    await later(5_000);
    expect(answer).toBeUndefined();
    leases.close();
    await later(250);
    await asked;
    expect(answer).toBe('lost');
  });

  it('leaves no unhandled rejection when a call in flight fails afterwards', async () => {
    const { leases, active, redis, lines } = leasing();
    begin(active, 'j-1');
    const slow = held();
    redis.reply = () => slow.reply;
    leases.start();
    await later(3_000);
    leases.close();
    slow.fail(lost());
    // An unhandled rejection would fail the run here.
    await vi.advanceTimersByTimeAsync(0);
    expect(lines).toEqual([]);
  });
});
