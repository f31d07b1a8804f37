import { AsyncLocalStorage } from 'node:async_hooks';
import { JobCancelled, WorkerDraining } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { AttemptStop } from './attempt-stop.js';

describe('AttemptStop', () => {
  it('has no reason, and its signal has not aborted, until it is aborted', () => {
    const stop = new AttemptStop();
    expect([stop.reason, stop.signal.aborted]).toEqual([undefined, false]);
  });

  it('aborts its signal with the reason, whether the signal was read before or after', () => {
    const reason = new JobCancelled();
    const [early, late] = [new AttemptStop(), new AttemptStop()];
    const { signal } = early;
    for (const stop of [early, late]) stop.abort(reason);
    for (const { aborted, reason: said } of [signal, early.signal, late.signal])
      expect([aborted, said]).toEqual([true, reason]);
    expect(early.signal).toBe(signal);
  });

  it('tells the listeners of its signal in the context in which the signal was read, whoever aborts', () => {
    const tenants = new AsyncLocalStorage<string>();
    const stop = new AttemptStop();
    const told: (string | undefined)[] = [];
    tenants.run('handler', () =>
      stop.signal.addEventListener('abort', () => {
        told.push(tenants.getStore());
        tenants.enterWith('listener');
      }),
    );
    tenants.run('timer', () => {
      stop.abort(new WorkerDraining());
      told.push(tenants.getStore());
    });
    expect(told).toEqual(['handler', 'timer']);
  });

  it('keeps the reason of the first abort when it is abandoned later', () => {
    const stop = new AttemptStop();
    const first = new JobCancelled();
    let fired = 0;
    stop.signal.addEventListener('abort', () => {
      fired += 1;
    });
    stop.abort(first);
    stop.abort(new WorkerDraining());
    stop.abandon(new WorkerDraining());
    expect([stop.reason, stop.signal.reason, fired]).toEqual([first, first, 1]);
  });

  it('calls its listener when it is abandoned, or at once when it was abandoned before', () => {
    const [early, late] = [new AttemptStop(), new AttemptStop()];
    const told: string[] = [];
    early.onAbandon(() => told.push('early'));
    early.abort(new WorkerDraining());
    expect(told).toEqual([]);
    early.abandon(new WorkerDraining());
    late.abandon(new WorkerDraining());
    late.onAbandon(() => told.push('late'));
    expect(told).toEqual(['early', 'late']);
  });

  it('aborts when it is abandoned', () => {
    const stop = new AttemptStop();
    stop.abandon(new WorkerDraining());
    expect(stop.signal.reason).toBeInstanceOf(WorkerDraining);
  });
});
