import { JobCancelled, WorkerDraining } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { fetchedJob, leaseFor, outcomeOf } from '../../test/fetched-job.js';
import type { OutcomeKind } from '../attempt/outcome.js';
import type { ActiveAttempt } from './active-attempt.js';
import { ActiveAttempts } from './active-attempts.js';

function begin(active: ActiveAttempts, jobId: string, queue = 'mail'): ActiveAttempt {
  return active.begin(fetchedJob({ queue, id: jobId }), leaseFor());
}

/** Begins an attempt at a job that rows 1 to 5 of a batch share. */
function beginShared(active: ActiveAttempts): ActiveAttempt {
  const opts = { bullpen: { batch: 'b1', rows: [1, 5] } };
  return active.begin(fetchedJob({ id: 'b-b1-1_5', opts }), leaseFor());
}

/**
 * Starts an attempt and ends it with an outcome. Redis confirms it unless the test says otherwise.
 */
function end(active: ActiveAttempts, attempt: ActiveAttempt, outcome?: OutcomeKind, confirmed = true): void {
  attempt.start();
  if (outcome !== undefined) attempt.end(outcomeOf(outcome));
  if (confirmed) attempt.confirm();
  active.release(attempt);
}

const none = { completed: 0, failed: 0, snoozed: 0, handedBack: 0, notStarted: 0, putOff: 0, unrecorded: 0 };

describe('ActiveAttempts', () => {
  it('finds attempts in flight by queue and job', () => {
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

  it('keeps the order in which jobs were fetched, whichever are released, and however often', () => {
    const active = new ActiveAttempts();
    const attempts = Array.from({ length: 6 }, (_, at) => begin(active, String(at % 5)));
    for (const at of [1, 1, 4, 3]) end(active, attempts[at] as ActiveAttempt, 'completed');
    begin(active, '6');
    expect([...active].map(({ nth }) => nth)).toEqual([1, 3, 6, 7]);
    expect(active.jobIds()).toEqual(['0', '2', '0', '6']);
    expect(active.find('mail', '0')).toBe(attempts[5]);
  });

  it.each<[OutcomeKind, keyof typeof none]>([
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['rejected', 'failed'],
    ['expired', 'failed'],
    ['crashed', 'failed'],
    ['cancelled', 'failed'],
    ['snoozed', 'snoozed'],
    ['interrupted', 'handedBack'],
  ])('counts an attempt that was %s as %s', (outcome, counted) => {
    const active = new ActiveAttempts();
    end(active, begin(active, '1'), outcome);
    expect(active.counts).toEqual({ ...none, [counted]: 1 });
  });

  it('counts attempts that Redis has not confirmed as unrecorded, whatever the outcome', () => {
    const active = new ActiveAttempts();
    end(active, begin(active, '1'), 'completed', false);
    end(active, begin(active, '2'), 'interrupted', false);
    end(active, begin(active, '3'), undefined, true);
    expect(active.counts).toEqual({ ...none, unrecorded: 3 });
  });

  it('counts jobs handed back before they started apart from those that had started', () => {
    const active = new ActiveAttempts();
    const atTheGate = begin(active, '1');
    atTheGate.end(outcomeOf('interrupted'));
    atTheGate.confirm();
    active.release(atTheGate);
    expect([active.counts, active.size]).toEqual([{ ...none, notStarted: 1 }, 0]);
  });

  it('reports each job that was handed back, started or not, once Redis has confirmed it', () => {
    const told: string[] = [];
    const active = new ActiveAttempts(({ jobId }) => void told.push(jobId));
    end(active, begin(active, 'begun'), 'interrupted');
    const atTheGate = begin(active, 'at the gate');
    atTheGate.end(outcomeOf('interrupted'));
    atTheGate.confirm();
    active.release(atTheGate);
    end(active, begin(active, 'unconfirmed'), 'interrupted', false);
    end(active, begin(active, 'done'), 'completed');
    expect(told).toEqual(['begun', 'at the gate']);
  });

  it('counts how many slots of a queue are taken, and how many by stuck attempts', () => {
    const active = new ActiveAttempts();
    begin(active, '1').markStuck();
    begin(active, '2').begin();
    begin(active, '3', 'images').begin();
    begin(active, 'fetched ahead');
    // Stuck until it ended; its end is being recorded.
    const ended = begin(active, '4');
    ended.markStuck();
    ended.end(outcomeOf('failed'));
    expect([active.slotsOf('mail'), active.slotsOf('images'), active.slotsOf('fax')]).toEqual([
      ...[
        { active: 3, stuck: 1 },
        { active: 1, stuck: 0 },
        { active: 0, stuck: 0 },
      ],
    ]);
  });

  it('counts as started what has ended without having started: it was cancelled, say', () => {
    const active = new ActiveAttempts();
    begin(active, 'fetched');
    begin(active, 'running').start();
    begin(active, 'cancelled').end(outcomeOf('cancelled'));
    begin(active, 'handed back').end(outcomeOf('interrupted'));
    expect(active.startedCount()).toBe(2);
  });

  it('counts the rows of a shared job, and not the job itself', () => {
    const active = new ActiveAttempts();
    const attempt = beginShared(active);
    for (const outcome of ['completed', 'completed', 'failed', 'cancelled', 'snoozed'] as const) {
      active.countRow(outcome);
    }
    end(active, attempt, 'completed');
    expect(active.counts).toEqual({ ...none, completed: 2, failed: 2, snoozed: 1 });
  });

  it('counts a shared job that is handed back or unrecorded like any other job', () => {
    const active = new ActiveAttempts();
    for (const confirmed of [true, false]) {
      const attempt = beginShared(active);
      end(active, attempt, 'interrupted', confirmed);
    }
    expect(active.counts).toEqual({ ...none, handedBack: 1, unrecorded: 1 });
  });

  it('begins an attempt that has neither started nor ended', () => {
    expect(begin(new ActiveAttempts(), '1')).toMatchObject({
      ...{ queue: 'mail', jobId: '1', job: 'mail.send', lease: { token: 't1' } },
      ...{ started: false, stuck: false, isShared: false, batch: undefined },
      ...{ notes: undefined, outcome: undefined, confirmed: false },
    });
  });

  it('iterates over all attempts in flight, also over two attempts at one job', () => {
    const active = new ActiveAttempts();
    const [one, again, other] = [begin(active, '1'), begin(active, '1'), begin(active, '2', 'images')];
    expect([...active]).toEqual([one, again, other]);
    end(active, one, 'completed');
    expect([...active]).toEqual([again, other]);
  });

  it('names the stuck attempts until they end', () => {
    const active = new ActiveAttempts();
    const [stuck] = [begin(active, '1'), begin(active, '2')];
    expect(active.stuck()).toEqual([]);
    stuck.markStuck();
    expect(active.stuck()).toEqual([stuck]);
    end(active, stuck, 'failed');
    expect(active.stuck()).toEqual([]);
  });

  // Its handler has returned. It keeps its slot no longer than any attempt that waits for Redis.
  it('no longer calls an attempt stuck when its handler has ended, although Redis has not confirmed it', () => {
    const active = new ActiveAttempts();
    const attempt = begin(active, '1');
    attempt.markStuck();
    attempt.end(outcomeOf('failed'));
    expect(active.stuck()).toEqual([]);
  });

  it('keeps the new attempt at a job when the old one ends later', () => {
    const active = new ActiveAttempts();
    const [old, fresh] = [begin(active, '1'), begin(active, '1')];
    expect([active.size, active.jobIds()]).toEqual([2, ['1', '1']]);
    end(active, old, 'interrupted', false);
    expect([active.size, active.find('mail', '1')]).toEqual([1, fresh]);
    end(active, fresh, 'completed');
    expect([active.size, active.counts]).toEqual([0, { ...none, completed: 1, unrecorded: 1 }]);
  });

  it('is idle at once without attempts, otherwise when the last attempt ends', async () => {
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

  it('aborts and abandons all attempts, and keeps the first reason of each', () => {
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
