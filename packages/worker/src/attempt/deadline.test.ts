import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { DeadlineExceeded, defineJob, WorkerDraining } from '@bullpen/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { AttemptStop } from './attempt-stop.js';
import { underDeadline } from './deadline.js';

const job = defineJob({ name: 'deadline.test', payload: z.unknown(), timeout: 1_000 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * Runs something under a deadline of one second. If it is abandoned, it ends with `abandoned: ` and
 * the reason.
 */
function under(run: () => string | Promise<string>, onStuck?: () => void) {
  const stop = new AttemptStop();
  const input = onStuck === undefined ? { stop } : { stop, onStuck };
  return { stop, ended: underDeadline(input, job, run, (reason) => `abandoned: ${reason?.name}`) };
}

/** A server on a thread of its own, which answers while the event loop of the test stands still. */
class AnsweringThread {
  static readonly #code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:net').createServer((socket) => socket.once('data', () => socket.write('answer', () => {
      Atomics.store(workerData, 0, 1);
      Atomics.notify(workerData, 0);
    })));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  readonly #answered = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread = new Worker(AnsweringThread.#code, { eval: true, workerData: this.#answered });
  #socket!: Socket;

  static async start(): Promise<AnsweringThread> {
    const answering = new AnsweringThread();
    const [port] = (await once(answering.#thread, 'message')) as [number];
    answering.#socket = connect(port, '127.0.0.1');
    await once(answering.#socket, 'connect');
    return answering;
  }

  async ask(): Promise<string> {
    this.#socket.write('question');
    const [answer] = (await once(this.#socket, 'data')) as [Buffer];
    return answer.toString();
  }

  standStillUntilAnswered(leastMs: number): void {
    Atomics.wait(this.#answered, 0, 0);
    const until = performance.now() + leastMs;
    while (performance.now() < until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#thread.terminate();
  }
}

/** One turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<string> => new Promise(() => undefined);

describe('underDeadline', () => {
  it('resolves with the value of what it ran, now or later, and leaves no timer', async () => {
    expect(await under(() => 'now').ended).toBe('now');
    expect(await under(async () => 'later').ended).toBe('later');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with the error of what it ran, now or later, and leaves no timer', async () => {
    const now = under(() => {
      throw new Error('boom');
    });
    await expect(now.ended).rejects.toThrow('boom');
    await expect(under(() => Promise.reject(new Error('boom'))).ended).rejects.toThrow('boom');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('aborts at the deadline, and still waits for the end', async () => {
    let finish: (text: string) => void = () => undefined;
    const { stop, ended } = under(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    await vi.advanceTimersByTimeAsync(999);
    expect(stop.reason).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await turn();
    expect(stop.reason).toBeInstanceOf(DeadlineExceeded);
    finish('late');
    expect(await ended).toBe('late');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reads what has arrived before the deadline counts: the process may have stood still', async () => {
    vi.useRealTimers();
    await using answering = await AnsweringThread.start();
    const stop = new AttemptStop();
    const ended = underDeadline(
      { stop },
      { ...job, timeoutMs: 20 },
      async () => {
        const answer = answering.ask();
        // The answer arrives at this machine, and the deadline passes, before the event loop turns
        // again.
        answering.standStillUntilAnswered(20);
        return answer;
      },
      () => 'abandoned',
    );
    expect(await ended).toBe('answer');
    expect(stop.reason).toBeUndefined();
  });

  it('reports once that something is stuck, 3 s after its deadline', async () => {
    const onStuck = vi.fn();
    under(never, onStuck);
    await vi.advanceTimersByTimeAsync(1_000);
    await turn();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(onStuck).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onStuck).toHaveBeenCalledTimes(1);
  });

  it('ends at once with the reason when it is abandoned, and ignores what comes later', async () => {
    const onStuck = vi.fn();
    const { stop, ended } = under(never, onStuck);
    stop.abandon(new WorkerDraining());
    expect(await ended).toBe('abandoned: WorkerDraining');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onStuck).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no unhandled rejection when something fails after it was abandoned', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { stop, ended } = under(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    stop.abandon(new WorkerDraining());
    await ended;
    fail(new Error('nobody listens'));
    await turn();
  });
});
