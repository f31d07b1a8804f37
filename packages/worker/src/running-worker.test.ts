import { describe, expect, expectTypeOf, it } from 'vitest';
import { asStarted, type RunningWorker, type WorkerProcess } from './running-worker.js';

describe('RunningWorker', () => {
  it('has what an app needs; what only a process of its own needs stands apart', () => {
    type App = 'ready' | 'serves' | 'active' | 'drain' | 'health' | 'slots' | 'observe' | 'process';
    expectTypeOf<keyof RunningWorker>().toEqualTypeOf<App>();
    type Process = 'activeJobIds' | 'abortNow' | 'faultOwner' | 'handBackAll' | 'untilEmpty';
    expectTypeOf<keyof WorkerProcess>().toEqualTypeOf<Process>();
  });
});

describe('asStarted', () => {
  it('refuses what startWorker did not return', () => {
    for (const other of [undefined, null, {}, 'worker']) {
      expect(() => asStarted(other as never)).toThrow('worker: expected what startWorker returns, got ');
    }
  });
});
