import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, idOf } from '../task.js';
import { makeRows } from '../workload.js';
import type { Library } from './library.js';

/** Between a job's end and the next job: the worker has gone back to waiting by then. */
const PAUSE_MS = 4;

/** What one job tells: when its enqueue began, in nanoseconds of the clock that processes share. */
interface Sent {
  readonly id: number;
  readonly at: string;
}

/**
 * From the call that enqueues a job until its handler begins, one job after another on a queue that
 * is idle. The worker is in this process, and the producer in one of its own, as in most services.
 */
export const latency =
  (library: Library): Contender =>
  async (task, stopwatch) => {
    const tenth = Math.ceil(task.rows / 10);
    let begun = (_: bigint): void => undefined;
    await library.work(task, async () => begun(process.hrtime.bigint()));
    const [, , name = ''] = process.argv;
    const producer = fork(process.argv[1] ?? '', [`${name.split('.')[0]}.send`, process.argv[3] ?? ''], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const exited = once(producer, 'exit').then(([code]) => {
      throw new Error(`the producer ended with ${code}`);
    });
    exited.catch(() => undefined);
    const next = async (): Promise<number> => {
      const handled = new Promise<bigint>((resolve) => {
        begun = resolve;
      });
      const sent = once(producer, 'message') as Promise<[Sent]>;
      producer.send('next');
      const [[{ at }], handledAt] = await Promise.race([Promise.all([sent, handled]), exited]);
      return Number(handledAt - BigInt(at)) / 1e6;
    };

    await Promise.race([once(producer, 'message'), exited]);
    for (let row = 0; row < tenth; row += 1) await next();
    const times: number[] = [];
    const timed = await stopwatch.time(task.rows - tenth, async () => {
      while (times.length < task.rows - tenth) times.push(await next());
    });
    const sorted = times.toSorted((a, b) => a - b);
    const percentile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { ...timed, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
  };

/** The producer of {@link latency}: enqueues a job each time that it is told to. */
export const send =
  (library: Library): Contender =>
  async (task) => {
    const rows = makeRows(task.kind, task.rows);
    const producer = await library.open(task);
    process.on('disconnect', () => process.exit(0));
    process.send?.('ready');
    for (const [at, row] of rows.entries()) {
      await once(process, 'message');
      await sleep(PAUSE_MS);
      const sent: Sent = { id: at, at: String(process.hrtime.bigint()) };
      await producer.add(row, idOf(task, at + 1));
      process.send?.(sent);
    }
    return new Promise(() => undefined);
  };
