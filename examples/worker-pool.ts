import { setTimeout as sleep } from 'node:timers/promises';
import { startDevRedis } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { createLogger, defineJob } from '@bullpen/shared';
import { onStopSignal } from '@bullpen/shared/internal';
import { handle, startWorker } from '@bullpen/worker';
import { z } from 'zod';

/**
 * The classic worker pool, on one page and in one process: three at a time, five jobs of half a
 * second, a shutdown that waits for them.
 */

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const resize = defineJob({
  name: 'image.resize',
  queue: 'images',
  payload: z.object({ image: z.int() }),
  timeout: '5s',
});

const handlers = [
  handle(resize, async ({ image }, { signal }) => {
    say(`Image ${image} started`);
    // Stands for the work. It heeds the signal: past the deadline, or when the drain's time is up,
    // nobody waits for it any more.
    await sleep(500, undefined, { signal });
    say(`Image ${image} done`);
  }),
];

const redis = await startDevRedis();
const prefix = `worker-pool-${process.pid}`;
const logger = createLogger({ level: 'warn' });

// The pool is up before the first job comes. (It need not be: the queue would keep them.)
const worker = startWorker({ handlers, redis: redis.url, prefix, logger, concurrency: 3, drainTimeout: '5s' });
const producer = createProducer({ redis: redis.url, prefix });
const ignoreSignals = onStopSignal((signal, count) => {
  say(`${signal}: draining`);
  if (count > 1) worker.abortNow();
  void worker.drain();
});
await worker.ready;

await producer.enqueueMany(
  resize,
  [1, 2, 3, 4, 5].map((image) => ({ image })),
);
await worker.untilEmpty();

// What SIGTERM does to `bullpen-worker`: take no new job, finish the active ones, close every
// connection.
const { handedBack, cutOff } = await worker.drain();
await producer.close();
await redis.stop();
ignoreSignals();
say(handedBack + cutOff === 0 ? 'Shutdown complete' : `Shutdown left ${handedBack + cutOff} jobs unfinished`);
