import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, idOf } from '../task.js';
import { makeRows } from '../workload.js';
import type { Library } from './library.js';

/** Between a job's end and the next job: the worker has gone back to waiting by then. */
const PAUSE_MS = 4;

/**
 * From the call that enqueues a job until its handler begins, one job after another on a queue that
 * is idle. The worker is in this process, and the producer in one of its own, as in most services.
 */
export const latency =
  (library: Library): Contender =>
  async (task, stopwatch) => {
    const tenth = Math.ceil(task.rows / 10);
    let begun = (_: number): void => undefined;
    await library.work(task, async ({ id }) => begun(id));
    const [, script = '', name = '', told = ''] = process.argv;
    const producer = fork(script, [`${name.split('.')[0]}.send`, told], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const exited = once(producer, 'exit').then(([code]) => {
      throw new Error(`the producer ended with ${code}`);
    });
    exited.catch(() => undefined);
    let row = 0;
    const next = async (): Promise<number> => {
      row += 1;
      const handled = new Promise<bigint>((resolve) => {
        // A job may run twice: only the one that was sent last counts.
        begun = (id) => {
          if (id === row) resolve(process.hrtime.bigint());
        };
      });
      const sent = once(producer, 'message');
      producer.send('next');
      const [[sentAt], handledAt] = await Promise.race([Promise.all([sent, handled]), exited]);
      return Number(handledAt - BigInt(sentAt)) / 1e6;
    };

    await Promise.race([once(producer, 'message'), exited]);
    while (row < tenth) await next();
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
      // Nanoseconds of a clock that the processes of a machine share.
      const sentAt = String(process.hrtime.bigint());
      await producer.add(row, idOf(task, at + 1));
      process.send?.(sentAt);
    }
    return new Promise(() => undefined);
  };
