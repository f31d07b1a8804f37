import { setTimeout as sleep } from 'node:timers/promises';
import { CHUNK, type Contender, idOf } from '../task.js';
import { chunksOf, makeRows } from '../workload.js';
import { latency, send } from './latency.js';
import type { Library } from './library.js';

/** How long a worker has been up before its idleness is measured. */
const SETTLE_MS = 3_000;

/** The ways of working that every library is measured in, written once. */
export const WAYS: Readonly<Record<string, (library: Library) => Contender>> = {
  /** One call awaited after another. */
  oneByOne: (library) => async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const producer = await library.open(task);
    return stopwatch.time(task.rows, async () => {
      for (const [at, row] of rows.entries()) await producer.add(row, idOf(task, at + 1));
    });
  },

  /** A thousand calls at once. */
  atOnce: (library) => async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const producer = await library.open(task);
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) {
        await Promise.all(chunk.rows.map((row, at) => producer.add(row, idOf(task, chunk.first + at))));
      }
    });
  },

  /** A thousand rows per call, where there is such a call; else a thousand calls. */
  bulk: (library) => async (task, stopwatch) => {
    const rows = makeRows(task.kind, task.rows);
    const { add, addMany } = await library.open(task);
    const addAll: NonNullable<typeof addMany> =
      addMany ?? ((chunk, first) => Promise.all(chunk.map((row, at) => add(row, idOf(task, first + at)))));
    return stopwatch.time(task.rows, async () => {
      for (const chunk of chunksOf(rows, CHUNK)) await addAll(chunk.rows, chunk.first);
    });
  },

  /** A worker with a handler that waits for `handlerMs`, or does nothing. */
  work: (library) => (task, stopwatch) =>
    stopwatch.timeWorker(task.rows, (count) =>
      library.work(task, async () => {
        if (task.handlerMs > 0) await sleep(task.handlerMs);
        count();
      }),
    ),

  /** A worker that has nothing to do: a row is a second. */
  idle: (library) => async (task, stopwatch) => {
    await library.work(task, async () => undefined);
    await sleep(SETTLE_MS);
    return stopwatch.time(task.rows, () => sleep(task.rows * 1_000));
  },

  latency,
  send,
};
