import { hasCode } from '@bullpen/shared';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import { ActiveAttempts } from './active-attempts.js';
import { type DrainDeps, drain } from './drain.js';

const LONG = 60_000;
const never = (): Promise<void> => new Promise(() => undefined);

/**
 * Drains with limits that are never reached, unless the test sets some. `close` resolves when no
 * attempt is in flight, as BullMQ's does.
 */
function drainOf(active: ActiveAttempts, deps: Partial<DrainDeps> = {}) {
  const { signal } = new AbortController();
  return drain({
    ...{ active, close: () => active.idle(), handBackAll: () => undefined, abortNow: signal },
    ...{ drainTimeoutMs: LONG, abortGraceMs: LONG },
    ...deps,
  });
}

/** One attempt in flight, and the ways in which it can end. */
function attemptIn(active: ActiveAttempts, jobId: string, started = true) {
  const attempt = active.begin(fetchedJob({ id: jobId }), leaseFor());
  const { stop } = attempt;
  if (started) attempt.start();
  const end = (outcome: OutcomeKind, confirmed = true): void => {
    attempt.end(outcomeOf(outcome));
    if (confirmed) attempt.confirm();
    active.release(attempt);
  };
  return {
    attempt,
    stop,
    end,
    /** Ends as interrupted as soon as it is aborted, like a handler that stops for its signal. */
    heedsAbort: () => stop.signal.addEventListener('abort', () => end('interrupted')),
    /** Ends as interrupted only when it is abandoned, like a handler that ignores its signal. */
    endsWhenAbandoned: (confirmed = true) => stop.onAbandon(() => end('interrupted', confirmed)),
  };
}

describe('drain', () => {
  it('ends at once when no attempt is in flight', async () => {
    const active = new ActiveAttempts();
    const summary = await drainOf(active);
    expect(summary).toMatchObject({
      ...{ active: 0, completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, cutOff: 0, cutOffJobIds: [] },
    });
    expect(summary.durationMs).toBeLessThan(900);
    expect(active.draining).toBe(true);
  });

  it('counts attempts past the gate as active, and not those that a late fetch brought to it', async () => {
    const active = new ActiveAttempts();
    const running = attemptIn(active, 'j-1');
    const atTheGate = attemptIn(active, 'j-2', false);
    const draining = drainOf(active);
    running.end('completed');
    atTheGate.end('interrupted');
    expect(await draining).toMatchObject({ active: 1, completed: 1, handedBack: 0, notStarted: 1, cutOff: 0 });
  });

  it('closes the gate before it stops the intake', async () => {
    const active = new ActiveAttempts();
    let wasDraining: boolean | undefined;
    await drainOf(active, {
      close: async () => {
        wasDraining = active.draining;
      },
    });
    expect(wasDraining).toBe(true);
  });

  it('lets attempts finish, aborts none of them, and counts how they ended', async () => {
    const active = new ActiveAttempts();
    const attempts = ['1', '2', '3'].map((id) => attemptIn(active, id));
    const draining = drainOf(active);
    await new Promise((resolve) => setImmediate(resolve));
    expect(attempts.map(({ stop }) => stop.reason)).toEqual([undefined, undefined, undefined]);
    attempts[0]?.end('completed');
    attempts[1]?.end('failed');
    attempts[2]?.end('snoozed');
    expect(await draining).toMatchObject({ active: 3, completed: 1, failed: 1, snoozed: 1, handedBack: 0, cutOff: 0 });
  });

  it('counts what ended since it began, and separately everything since the start', async () => {
    const active = new ActiveAttempts();
    attemptIn(active, '1').end('completed');
    const last = attemptIn(active, '2');
    const draining = drainOf(active);
    const atTheGate = attemptIn(active, '3', false);
    atTheGate.end('interrupted');
    last.end('completed');
    const summary = await draining;
    expect(summary).toMatchObject({ active: 1, completed: 1, notStarted: 1 });
    expect(summary.sinceStart).toMatchObject({ completed: 2, notStarted: 1 });
  });

  it('aborts attempts that still run after drainTimeout with WorkerDraining', async () => {
    const active = new ActiveAttempts();
    const [heeding, quick] = [attemptIn(active, '1'), attemptIn(active, '2')];
    heeding.heedsAbort();
    const draining = drainOf(active, { drainTimeoutMs: 60 });
    quick.end('completed');
    const summary = await draining;
    expect(summary).toMatchObject({ active: 2, completed: 1, handedBack: 1, cutOff: 0 });
    expect(summary.durationMs).toBeGreaterThanOrEqual(50);
    expect(hasCode(heeding.stop.reason, 'BULLPEN_WORKER_DRAINING')).toBe(true);
    expect(quick.stop.reason).toBeUndefined();
  });

  it('abandons attempts that still run after abortGrace', async () => {
    const active = new ActiveAttempts();
    attemptIn(active, '1').endsWhenAbandoned();
    const summary = await drainOf(active, { drainTimeoutMs: 20, abortGraceMs: 40 });
    expect(summary).toMatchObject({ active: 1, handedBack: 1, cutOff: 0, cutOffJobIds: [] });
    expect(summary.durationMs).toBeGreaterThanOrEqual(50);
  });

  it('does not abandon a handler that stops within abortGrace', async () => {
    const active = new ActiveAttempts();
    const attempt = attemptIn(active, '1');
    let abandoned = false;
    attempt.stop.onAbandon(() => {
      abandoned = true;
    });
    attempt.stop.signal.addEventListener('abort', () => setTimeout(() => attempt.end('completed'), 20));
    expect(await drainOf(active, { drainTimeoutMs: 10 })).toMatchObject({ completed: 1, handedBack: 0, cutOff: 0 });
    expect(abandoned).toBe(false);
  });

  it('names the attempts that it could not end, and ends all the same', async () => {
    const active = new ActiveAttempts();
    const [stubborn, unconfirmed] = [attemptIn(active, 'stubborn'), attemptIn(active, 'unconfirmed')];
    unconfirmed.endsWhenAbandoned(false);
    const summary = await drainOf(active, { close: never, drainTimeoutMs: 10, abortGraceMs: 10 });
    expect(summary).toMatchObject({ active: 2, handedBack: 0, cutOff: 2, cutOffJobIds: ['unconfirmed', 'stubborn'] });
    expect(stubborn.stop.reason).toBeDefined();
  });

  it('sends Redis the last word when something is unanswered, and only then', async () => {
    const lastWordAfter = async (close: () => Promise<unknown>, begin = false): Promise<number> => {
      const active = new ActiveAttempts();
      if (begin) attemptIn(active, 'j-1');
      const handBackAll = vi.fn();
      await drainOf(active, { close, handBackAll, drainTimeoutMs: 0, abortGraceMs: 0 });
      return handBackAll.mock.calls.length;
    };
    const rejects = () => Promise.reject(new Error('Connection is closed.'));
    expect(await Promise.all([async () => undefined, rejects].map((close) => lastWordAfter(close)))).toEqual([0, 0]);
    expect(await Promise.all([lastWordAfter(never), lastWordAfter(rejects, true)])).toEqual([1, 1]);
  });

  it('names the attempts that were stuck when it began, however they end', async () => {
    const active = new ActiveAttempts();
    const [stuck, late] = [attemptIn(active, 'stuck'), attemptIn(active, 'late')];
    stuck.attempt.markStuck();
    const draining = drainOf(active);
    late.attempt.markStuck();
    for (const { end } of [stuck, late]) end('failed');
    expect(await draining).toMatchObject({ failed: 2, stuckJobIds: ['stuck'] });
  });

  it('waits for close after the last attempt, whose outcome may still be on its way', async () => {
    const active = new ActiveAttempts();
    let isClosed = false;
    const close = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      isClosed = true;
    };
    await drainOf(active, { close });
    expect(isClosed).toBe(true);
  });

  it('does not throw when close fails, and still gives attempts their time', async () => {
    const active = new ActiveAttempts();
    const attempt = attemptIn(active, '1');
    const draining = drainOf(active, { close: () => Promise.reject(new Error('Connection is closed.')) });
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(attempt.stop.reason).toBeUndefined();
    attempt.end('completed');
    expect(await draining).toMatchObject({ active: 1, completed: 1, handedBack: 0, cutOff: 0 });
  });

  it('aborts at once after abortNow, before or after it began', async () => {
    for (const isBefore of [true, false]) {
      const active = new ActiveAttempts();
      const abortNow = new AbortController();
      attemptIn(active, '1').heedsAbort();
      if (isBefore) abortNow.abort();
      const draining = drainOf(active, { abortNow: abortNow.signal });
      abortNow.abort();
      expect(await draining).toMatchObject({ active: 1, handedBack: 1, cutOff: 0 });
    }
  });

  it('still gives handlers their abortGrace after abortNow', async () => {
    const active = new ActiveAttempts();
    const abortNow = new AbortController();
    abortNow.abort();
    const attempt = attemptIn(active, '1');
    attempt.stop.signal.addEventListener('abort', () => setTimeout(() => attempt.end('completed'), 30));
    expect(await drainOf(active, { abortNow: abortNow.signal })).toMatchObject({ completed: 1, cutOff: 0 });
  });
});

describe('the timeline of a drain', () => {
  /**
   * A drain by a clock that the test moves. `later` moves it, and returns whether the drain has
   * ended.
   */
  function timedDrain(active: ActiveAttempts, deps: Partial<DrainDeps> = {}) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let isThrough = false;
    const draining = drainOf(active, { close: never, drainTimeoutMs: 25_000, abortGraceMs: 3_000, ...deps });
    const summary = draining.finally(() => {
      isThrough = true;
    });
    const later = async (ms: number): Promise<boolean> => {
      await vi.advanceTimersByTimeAsync(ms);
      return isThrough;
    };
    return { summary, later };
  }

  it('aborts, abandons and gives up at one instant each, whatever handlers and Redis do', async () => {
    const active = new ActiveAttempts();
    const { stop } = attemptIn(active, 'stubborn');
    let abandoned = false;
    stop.onAbandon(() => {
      abandoned = true;
    });
    const { summary, later } = timedDrain(active);
    const state = async (ms: number) => [await later(ms), stop.reason !== undefined, abandoned];
    expect(await state(24_999)).toEqual([false, false, false]);
    expect(await state(1)).toEqual([false, true, false]);
    expect(await state(2_999)).toEqual([false, true, false]);
    expect(await state(1)).toEqual([false, true, true]);
    expect(await state(699)).toEqual([false, true, true]);
    expect(await state(1)).toEqual([true, true, true]);
    expect(await summary).toMatchObject({ cutOff: 1, cutOffJobIds: ['stubborn'], durationMs: 28_700 });
  });

  it('leaves time to hand back when the process was suspended past its deadlines', async () => {
    const active = new ActiveAttempts();
    const { stop } = attemptIn(active, '1');
    let abandoned = false;
    stop.onAbandon(() => {
      abandoned = true;
    });
    const { later } = timedDrain(active);
    await later(24_000);
    // The process was suspended for a minute: the clock has moved, and the timer of the first
    // deadline is due.
    const { now } = performance;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 60_000);
    onTestFinished(() => clock.mockRestore());
    await later(1_000);
    expect([stop.reason !== undefined, abandoned]).toEqual([true, false]);
    await later(295);
    expect(abandoned).toBe(false);
    await later(10);
    expect(abandoned).toBe(true);
    expect([await later(690), await later(10)]).toEqual([false, true]);
  });

  it('waits at most 0.7 s for a close that hangs when no attempt is in flight', async () => {
    const { summary, later } = timedDrain(new ActiveAttempts());
    expect([await later(699), await later(1)]).toEqual([false, true]);
    expect(await summary).toMatchObject({ cutOff: 0, durationMs: 700 });
  });

  it('skips the rest of drainTimeout after abortNow, and nothing else', async () => {
    const active = new ActiveAttempts();
    const abortNow = new AbortController();
    const { stop } = attemptIn(active, '1');
    const { later } = timedDrain(active, { abortNow: abortNow.signal });
    await later(10_000);
    expect(stop.reason).toBeUndefined();
    abortNow.abort();
    await later(0);
    expect(stop.reason).toBeDefined();
    expect([await later(3_699), await later(1)]).toEqual([false, true]);
  });

  it('leaves no timer behind', async () => {
    const active = new ActiveAttempts();
    const attempt = attemptIn(active, '1');
    const { summary } = timedDrain(active, { close: () => active.idle() });
    attempt.end('completed');
    await summary;
    expect(vi.getTimerCount()).toBe(0);
  });
});
