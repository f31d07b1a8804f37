import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FetchWatch } from './fetch-watch.js';

const QUIET_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** A watch over a worker that is hungry while jobs wait, unless the test says otherwise. */
function watching() {
  const worker = {
    hungry: true,
    jobsWait: async (): Promise<boolean> => true,
    asked: 0,
    restarts: 0,
  };
  const watch = new FetchWatch({
    quietMs: QUIET_MS,
    hungry: () => worker.hungry,
    jobsWait() {
      worker.asked += 1;
      return worker.jobsWait();
    },
    restart() {
      worker.restarts += 1;
    },
  });
  onTestFinished(() => watch.close());
  return { watch, worker };
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('FetchWatch', () => {
  it('restarts a hungry worker that has not fetched for a while although jobs wait', async () => {
    const { worker } = watching();
    await later(QUIET_MS - 1);
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
    await later(1);
    expect(worker.restarts).toBe(1);
  });

  it('gives the restart time to help, and restarts again when it did not', async () => {
    const { worker } = watching();
    await later(QUIET_MS * 2 - 1);
    expect(worker.restarts).toBe(1);
    await later(1);
    expect(worker.restarts).toBe(2);
  });

  it('leaves a worker alone that fetches, however slowly', async () => {
    const { watch, worker } = watching();
    for (let fetches = 0; fetches < 10; fetches += 1) {
      await later(QUIET_MS * 0.9);
      watch.fetched();
    }
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
  });

  it('leaves a worker alone that has nothing to fetch', async () => {
    const { worker } = watching();
    worker.jobsWait = async () => false;
    await later(QUIET_MS * 3);
    expect(worker.asked).toBeGreaterThan(0);
    expect(worker.restarts).toBe(0);
  });

  it('leaves a worker alone that is not hungry, and asks Redis nothing for it', async () => {
    const { worker } = watching();
    worker.hungry = false;
    await later(QUIET_MS * 3);
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
  });

  it('does not blame a worker the moment it is hungry again', async () => {
    const { worker } = watching();
    worker.hungry = false;
    await later(QUIET_MS * 3);
    worker.hungry = true;
    await later(QUIET_MS - 1);
    expect(worker.restarts).toBe(0);
    await later(1);
    expect(worker.restarts).toBe(1);
  });

  it.each(['fetches', 'is hungry no more'])('does not restart a worker that %s while Redis is asked', async (what) => {
    const { watch, worker } = watching();
    let answer: ((waiting: boolean) => void) | undefined;
    worker.jobsWait = () => new Promise((resolve) => (answer = resolve));
    await later(QUIET_MS);
    expect(worker.asked).toBe(1);
    await later(1);
    if (what === 'fetches') watch.fetched();
    else worker.hungry = false;
    answer?.(true);
    await later(0);
    expect(worker.restarts).toBe(0);
  });

  it('restarts once, however many questions Redis answers at last', async () => {
    const { worker } = watching();
    const answers: ((waiting: boolean) => void)[] = [];
    worker.jobsWait = () => new Promise((resolve) => answers.push(resolve));
    await later(QUIET_MS * 2);
    expect(answers.length).toBeGreaterThan(1);
    await later(1);
    for (const answer of answers) answer(true);
    await later(0);
    expect(worker.restarts).toBe(1);
  });

  it('does not restart, nor leave anything unhandled, when Redis cannot be asked', async () => {
    const { worker } = watching();
    worker.jobsWait = () => Promise.reject(new Error('Connection is closed.'));
    await later(QUIET_MS * 3);
    expect(worker.asked).toBeGreaterThan(0);
    expect(worker.restarts).toBe(0);
  });

  it('leaves no timer behind when it is closed, even twice', async () => {
    const { watch, worker } = watching();
    watch.close();
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    await later(QUIET_MS * 3);
    expect(worker.asked).toBe(0);
  });
});
