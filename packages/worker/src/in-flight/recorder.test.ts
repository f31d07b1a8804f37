import { EventEmitter } from 'node:events';
import type { Logger } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import { Outage } from '../redis/outage.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';
import type { FetchedJob } from './fetched-job.js';
import type { LeaseAnswer } from './lease.js';
import type { Leases } from './leases.js';
import { notOurs, Recorder } from './recorder.js';

/** The error of BullMQ when its script answers with a negative number. */
const scriptError = (code: number) => Object.assign(new Error(`Missing lock for job j-1. moveToFinished`), { code });

/**
 * A recorder whose leases answer with `answers`, one after the other, and an attempt whose end it
 * records.
 */
function recording(answers: readonly (LeaseAnswer | Error)[] = [], job: Partial<FetchedJob> = {}) {
  const lines: string[] = [];
  const asked: ActiveAttempt[] = [];
  const leases = {
    closed: false,
    async ask(attempt: ActiveAttempt): Promise<LeaseAnswer> {
      const answer = answers[asked.push(attempt) - 1];
      if (answer === undefined) throw new Error('the test did not expect this question');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const log = { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger;
  const outage = new Outage(new EventEmitter() as unknown as Redis, 'redis://host', log);
  const attempt = new ActiveAttempts().begin(fetchedJob(job), leaseFor());
  const recorder = new Recorder(leases as unknown as Leases, outage, log);
  let writes = 0;
  /** Records with a send that fails with each of `errors` in turn, and then succeeds. */
  const record = (...errors: Error[]) =>
    recorder.record(attempt, async () => {
      const error = errors[writes++];
      if (error !== undefined) throw error;
      return 'next job';
    });
  return { leases, lines, asked, attempt, outage, recorder, record, writes: () => writes };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Recorder', () => {
  it('sends once when Redis carries it out, and returns what was returned', async () => {
    const { record, attempt, writes, asked, lines } = recording();
    expect(await record()).toBe('next job');
    expect([attempt.confirmed, writes(), asked, lines]).toEqual([true, 1, [], []]);
  });

  it('confirms nothing before Redis has answered', async () => {
    const { recorder, attempt } = recording();
    let answer: (() => void) | undefined;
    const recorded = recorder.record(attempt, () => new Promise<void>((resolve) => (answer = resolve)));
    expect(attempt.confirmed).toBe(false);
    answer?.();
    await recorded;
    expect(attempt.confirmed).toBe(true);
  });

  it('sends again after a lost connection', async () => {
    const { record, attempt, writes, asked } = recording();
    const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const recorded = record(lost, new Error('Connection is closed.'), new Error("Stream isn't writeable"));
    await vi.runAllTimersAsync();
    expect(await recorded).toBe('next job');
    expect([attempt.confirmed, writes(), asked]).toEqual([true, 4, []]);
  });

  it.each(['READONLY', 'OOM', 'LOADING'])(
    'sends again while Redis answers %s, and the outage is logged once',
    async (word) => {
      const { record, attempt, outage, writes, lines } = recording();
      const recorded = record(...Array.from({ length: 20 }, () => new Error(`${word} not now`)));
      await vi.advanceTimersByTimeAsync(0);
      expect([outage.present, attempt.confirmed]).toEqual([true, false]);
      await vi.runAllTimersAsync();
      expect([await recorded, attempt.confirmed, writes(), outage.present]).toEqual(['next job', true, 21, false]);
      expect(lines).toEqual(['warn: redis refuses our commands; retrying', 'info: redis is available']);
    },
  );

  it('waits longer each time, up to half a second', async () => {
    const { record, writes } = recording();
    const recorded = record(...Array.from({ length: 9 }, () => new Error('Connection is closed.')));
    const waits: number[] = [];
    await vi.advanceTimersByTimeAsync(0);
    while (writes() < 10) {
      const before = writes();
      let ms = 0;
      for (; writes() === before; ms += 1) await vi.advanceTimersByTimeAsync(1);
      waits.push(ms);
    }
    expect(waits).toEqual([20, 40, 80, 160, 320, 500, 500, 500, 500]);
    expect(await recorded).toBe('next job');
  });

  it.each([-1, -2, -3, -6])('asks whose the job is when BullMQ’s script answers %i', async (code) => {
    const { record, attempt, asked, writes, lines } = recording(['lost']);
    expect(await record(scriptError(code))).toBeUndefined();
    expect([attempt.confirmed, asked, writes()]).toEqual([false, [attempt], 1]);
    // The leases have logged that it is lost, and it is not logged twice.
    expect(lines).toEqual([]);
  });

  it('sends again when the lease is held, or was taken up again', async () => {
    const { record, attempt, asked, writes } = recording(['held', 'held']);
    const recorded = record(scriptError(-2), scriptError(-3));
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed, asked.length, writes()]).toEqual(['next job', true, 2, 3]);
  });

  it('confirms an end that was recorded before: only the reply was lost', async () => {
    const { record, attempt, writes } = recording(['recorded']);
    const recorded = record(new Error('Connection is closed.'), scriptError(-2));
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed, writes()]).toEqual([undefined, true, 2]);
  });

  it.each([
    ['interrupted', true],
    ['snoozed', true],
    ['completed', false],
    ['failed', false],
    ['expired', false],
  ] as const)(
    'when the job is back in its queue and the attempt was %s: confirmed is %s',
    async (outcome, recorded) => {
      const { record, attempt, writes } = recording(['returned']);
      attempt.end(outcomeOf(outcome));
      await record(scriptError(-2));
      expect([attempt.confirmed, writes()]).toEqual([recorded, 1]);
    },
  );

  it('gives up and logs it when waiting does not help', async () => {
    const { record, attempt, writes, lines } = recording();
    expect(await record(new Error('WRONGTYPE Operation against a key'))).toBeUndefined();
    expect([attempt.confirmed, writes()]).toEqual([false, 1]);
    expect(lines).toEqual(['error: outcome could not be recorded']);
  });

  const reply = () => Object.assign(new Error('ERR Script killed by user with SCRIPT KILL'), { name: 'ReplyError' });

  it('sends again while the lease holds, when Redis refuses with an unknown error', async () => {
    const { record, attempt, writes, lines } = recording(['held', 'held']);
    const recorded = record(reply(), reply());
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed, writes(), lines]).toEqual(['next job', true, 3, []]);
  });

  it('confirms an end that was recorded before the script failed', async () => {
    const { record, attempt, writes } = recording(['recorded']);
    await record(reply());
    expect([attempt.confirmed, writes()]).toEqual([true, 1]);
  });

  it('gives up at the tenth refusal', async () => {
    const { record, attempt, writes, lines } = recording(Array(9).fill('held'));
    const recorded = record(...Array.from({ length: 20 }, reply));
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed, writes()]).toEqual([undefined, false, 10]);
    expect(lines).toEqual(['error: outcome could not be recorded']);
  });

  it('sends something else with the reason when Redis refuses for good, as often as needed', async () => {
    const { recorder, attempt, lines } = recording();
    const reasons: string[] = [];
    const recorded = recorder.record(
      attempt,
      () => Promise.reject(scriptError(-4)),
      async (reason) => {
        if (reasons.push(reason) === 1) throw new Error('Connection is closed.');
        return 'next job';
      },
    );
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed]).toEqual(['next job', true]);
    const reason = 'Missing lock for job j-1. moveToFinished';
    expect([reasons, lines]).toEqual([[reason, reason], ['error: outcome could not be recorded']]);
  });

  it('gives up when that is refused, too', async () => {
    const { recorder, attempt, lines } = recording();
    const refused = () => Promise.reject(scriptError(-4));
    expect(await recorder.record(attempt, refused, refused)).toBeUndefined();
    expect([attempt.confirmed, lines.length]).toEqual([false, 2]);
  });

  it('does not take a positive code or a text code as an answer about the job', async () => {
    for (const code of [1, 0, '-2']) {
      const { record, asked, lines } = recording();
      expect(await record(Object.assign(new Error('odd'), { code }))).toBeUndefined();
      expect([asked, lines]).toEqual([[], ['error: outcome could not be recorded']]);
    }
  });

  it('gives up, and does not throw, when the question to Redis fails, too', async () => {
    const { record, attempt } = recording([new Error('WRONGTYPE Operation against a key')]);
    expect(await record(scriptError(-2))).toBeUndefined();
    expect(attempt.confirmed).toBe(false);
  });

  it('logs it when it gives up because the question failed', async () => {
    const { record, lines } = recording([new Error('WRONGTYPE Operation against a key')]);
    await record(scriptError(-2));
    expect(lines).toEqual(['error: outcome could not be recorded']);
  });

  // Pending or failed children of a job that another client enqueued: the lease is held, and Redis
  // gives the same answer for ever.
  it.each([-4, -9])(
    'gives up and logs it when BullMQ’s script answers %i, which is not about the lease',
    async (code) => {
      const { record, attempt, leases, lines } = recording(Array.from({ length: 50 }, () => 'held' as const));
      const recorded = record(...Array.from({ length: 50 }, () => scriptError(code)));
      await vi.advanceTimersByTimeAsync(10_000);
      leases.closed = true;
      await vi.runAllTimersAsync();
      await recorded;
      expect([attempt.confirmed, lines]).toEqual([false, ['error: outcome could not be recorded']]);
    },
  );

  it('ends when the leases are closed, in the middle of an outage', async () => {
    const { record, attempt, leases, writes } = recording();
    const recorded = record(...Array.from({ length: 1_000 }, () => new Error('Connection is closed.')));
    await vi.advanceTimersByTimeAsync(100);
    const before = writes();
    leases.closed = true;
    await vi.runAllTimersAsync();
    expect([await recorded, attempt.confirmed, writes()]).toEqual([undefined, false, before]);
  });

  it('sends nothing after the leases are closed', async () => {
    const { record, leases, writes } = recording();
    leases.closed = true;
    expect([await record(), writes()]).toEqual([undefined, 0]);
  });
});

describe('Recorder.write', () => {
  it('returns what was returned, and leaves the attempt as it is', async () => {
    const { recorder, attempt } = recording();
    expect(await recorder.write(attempt, async () => 5)).toEqual({ kind: 'written', value: 5 });
    expect(attempt.confirmed).toBe(false);
  });

  it('is over when the job is not ours, with Redis’ answer; and when the leases are closed', async () => {
    const { recorder, attempt, leases } = recording(['gone']);
    const over = await recorder.write(attempt, () => Promise.reject(notOurs()));
    expect(over).toEqual({ kind: 'over', answer: 'gone' });
    leases.closed = true;
    expect(await recorder.write(attempt, async () => 5)).toEqual({ kind: 'over', answer: undefined });
  });

  it('sends again while the lease is held, whatever a script of ours answered', async () => {
    const { recorder, attempt } = recording(['held']);
    let writes = 0;
    const result = recorder.write(attempt, async () => {
      writes += 1;
      if (writes === 1) throw notOurs();
      return writes;
    });
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ kind: 'written', value: 2 });
  });

  it('is refused for good by an error that waiting does not help, and logs it', async () => {
    const { recorder, attempt, lines } = recording();
    const error = new Error('WRONGTYPE Operation against a key');
    const write = () => Promise.reject(error);
    expect(await recorder.write(attempt, write, 'cannot read it')).toEqual({ kind: 'refused', error });
    expect(lines).toEqual(['error: cannot read it']);
  });

  it('confirms the end of a row whose job is gone: recording the end removes it', async () => {
    const { record, attempt } = recording(['gone'], { id: 'b-b1-7', opts: { bullpen: { batch: 'b1' } } });
    attempt.end(outcomeOf('completed'));
    await record(scriptError(-1));
    expect(attempt.confirmed).toBe(true);
  });
});
