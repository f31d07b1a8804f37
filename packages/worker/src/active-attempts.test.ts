import { JobCancelled, WorkerDraining } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { type ActiveAttempt, ActiveAttempts } from './active-attempts.js';
import { AttemptStop } from './attempt-stop.js';
import type { OutcomeKind } from './outcome.js';

function begin(active: ActiveAttempts, jobId: string, queue = 'mail'): ActiveAttempt {
  return active.begin(queue, jobId, new AttemptStop());
}

/** Ends an attempt with an outcome, which Redis has confirmed unless it is said otherwise. */
function end(active: ActiveAttempts, attempt: ActiveAttempt, outcome?: OutcomeKind, confirmed = true): void {
  attempt.outcome = outcome;
  attempt.confirmed = confirmed;
  active.finish(attempt);
}

const none = { completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, unrecorded: 0 };

describe('ActiveAttempts', () => {
  it('knows which attempts are under way, by queue and job', () => {
    const active = new ActiveAttempts();
    const [one, other] = [begin(active, '1', 'mail'), begin(active, '1', 'images')];
    expect([active.size, active.jobIds()]).toEqual([2, ['1', '1']]);
    expect([active.find('mail', '1'), active.find('images', '1'), active.find('fax', '1')]).toEqual([
      one,
      other,
      undefined,
    ]);
    end(active, one, 'completed');
    expect([active.size, active.find('mail', '1'), active.find('images', '1')]).toEqual([1, undefined, other]);
  });

  it.each<[OutcomeKind, keyof typeof none]>([
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['rejected', 'failed'],
    ['expired', 'failed'],
    ['cancelled', 'failed'],
    ['snoozed', 'snoozed'],
    ['interrupted', 'handedBack'],
  ])('counts an attempt that was %s as %s', (outcome, counted) => {
    const active = new ActiveAttempts();
    end(active, begin(active, '1'), outcome);
    expect(active.tally).toEqual({ ...none, [counted]: 1 });
  });

  it('counts what Redis has not confirmed as unrecorded, whatever the outcome', () => {
    const active = new ActiveAttempts();
    end(active, begin(active, '1'), 'completed', false);
    end(active, begin(active, '2'), 'interrupted', false);
    end(active, begin(active, '3'), undefined, true);
    expect(active.tally).toEqual({ ...none, unrecorded: 3 });
  });

  it('counts what the gate gave back', () => {
    const active = new ActiveAttempts();
    active.countNotStarted();
    expect([active.tally.notStarted, active.size]).toEqual([1, 0]);
  });

  it('does not lose the new attempt of a job whose old one ends only now', () => {
    const active = new ActiveAttempts();
    const [old, fresh] = [begin(active, '1'), begin(active, '1')];
    expect([active.size, active.jobIds()]).toEqual([2, ['1', '1']]);
    end(active, old, 'interrupted', false);
    expect([active.size, active.find('mail', '1')]).toEqual([1, fresh]);
    end(active, fresh, 'completed');
    expect([active.size, active.tally]).toEqual([0, { ...none, completed: 1, unrecorded: 1 }]);
  });

  it('is idle at once when nothing is under way, else when the last attempt has ended', async () => {
    const active = new ActiveAttempts();
    await active.idle();
    const [one, two] = [begin(active, '1'), begin(active, '2', 'images')];
    let idle = 0;
    const waiting = [active.idle(), active.idle()].map((promise) => promise.then(() => (idle += 1)));
    end(active, one, 'completed');
    await new Promise((resolve) => setImmediate(resolve));
    expect(idle).toBe(0);
    end(active, two, 'completed');
    await Promise.all(waiting);
    expect(idle).toBe(2);
  });

  it('aborts and abandons all that is under way, and no reason replaces an earlier one', () => {
    const active = new ActiveAttempts();
    const [cancelled, running] = [begin(active, '1'), begin(active, '2', 'images')];
    const cancelledFor = new JobCancelled();
    cancelled.stop.abort(cancelledFor);
    active.abortAll(() => new WorkerDraining());
    expect([cancelled.stop.reason, running.stop.reason]).toEqual([cancelledFor, expect.any(WorkerDraining)]);
    let abandoned = 0;
    for (const { stop } of [cancelled, running]) stop.onAbandon(() => (abandoned += 1));
    active.abandonAll(() => new WorkerDraining());
    expect(abandoned).toBe(2);
  });

  it('closes its gate for good', () => {
    const active = new ActiveAttempts();
    expect(active.draining).toBe(false);
    active.startDraining();
    expect(active.draining).toBe(true);
  });
});
