import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { untilNextLook } from '../redis/look-timer.js';
import { FetchWatch } from './fetch-watch.js';

const RESTART_AFTER_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/**
 * A watch over a worker that should fetch and for which jobs wait, unless the test changes that.
 */
function watching() {
  // It begins at a moment at which the process looks.
  vi.advanceTimersByTime(untilNextLook(RESTART_AFTER_MS));
  const worker = {
    shouldFetch: true,
    jobsWait: async (): Promise<boolean> => true,
    asked: 0,
    restarts: 0,
  };
  const watch = new FetchWatch({
    restartAfterMs: RESTART_AFTER_MS,
    shouldFetch: () => worker.shouldFetch,
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
  it('restarts a worker that should fetch and has not for a while, although jobs wait', async () => {
    const { worker } = watching();
    await later(RESTART_AFTER_MS - 1);
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
    await later(1);
    expect(worker.restarts).toBe(1);
  });

  it('gives a restart time to help, and restarts again when it did not', async () => {
    const { worker } = watching();
    await later(RESTART_AFTER_MS * 2 - 1);
    expect(worker.restarts).toBe(1);
    await later(1);
    expect(worker.restarts).toBe(2);
  });

  it('leaves a worker alone that fetches, however slowly', async () => {
    const { watch, worker } = watching();
    for (let fetches = 0; fetches < 10; fetches += 1) {
      await later(RESTART_AFTER_MS * 0.9);
      watch.fetched();
    }
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
  });

  it('leaves a worker alone that has nothing to fetch', async () => {
    const { worker } = watching();
    worker.jobsWait = async () => false;
    await later(RESTART_AFTER_MS * 3);
    expect(worker.asked).toBeGreaterThan(0);
    expect(worker.restarts).toBe(0);
  });

  it('leaves a worker alone that should not fetch, and does not ask Redis', async () => {
    const { worker } = watching();
    worker.shouldFetch = false;
    await later(RESTART_AFTER_MS * 3);
    expect([worker.asked, worker.restarts]).toEqual([0, 0]);
  });

  it('gives a worker that should fetch again the full time first', async () => {
    const { worker } = watching();
    worker.shouldFetch = false;
    await later(RESTART_AFTER_MS * 3);
    worker.shouldFetch = true;
    await later(RESTART_AFTER_MS - 1);
    expect(worker.restarts).toBe(0);
    await later(1);
    expect(worker.restarts).toBe(1);
  });

  it.each(['fetches', 'should fetch no more'])(
    'does not restart a worker that %s while Redis is asked',
    async (what) => {
      const { watch, worker } = watching();
      let answer: ((waiting: boolean) => void) | undefined;
      worker.jobsWait = () => new Promise((resolve) => (answer = resolve));
      await later(RESTART_AFTER_MS);
      expect(worker.asked).toBe(1);
      await later(1);
      if (what === 'fetches') watch.fetched();
      else worker.shouldFetch = false;
      answer?.(true);
      await later(0);
      expect(worker.restarts).toBe(0);
    },
  );

  it('restarts once, however many late answers Redis gives', async () => {
    const { worker } = watching();
    const answers: ((waiting: boolean) => void)[] = [];
    worker.jobsWait = () => new Promise((resolve) => answers.push(resolve));
    await later(RESTART_AFTER_MS * 2);
    expect(answers.length).toBeGreaterThan(1);
    await later(1);
    for (const answer of answers) answer(true);
    await later(0);
    expect(worker.restarts).toBe(1);
  });

  it('does not restart, and leaves no unhandled rejection, when Redis cannot be asked', async () => {
    const { worker } = watching();
    worker.jobsWait = () => Promise.reject(new Error('Connection is closed.'));
    await later(RESTART_AFTER_MS * 3);
    expect(worker.asked).toBeGreaterThan(0);
    expect(worker.restarts).toBe(0);
  });

  it('leaves no timer behind when it is closed, also twice', async () => {
    const { watch, worker } = watching();
    watch.close();
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    await later(RESTART_AFTER_MS * 3);
    expect(worker.asked).toBe(0);
  });
});
