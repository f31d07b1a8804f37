import { setTimeout as sleep } from 'node:timers/promises';
import { startDevRedis } from '@bullpen/dev-redis';
import { createProducer } from '@bullpen/producer';
import { createLogger, defineJob } from '@bullpen/shared';
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
    // In place of real work. It ends when the signal aborts: after the deadline, or when the drain
    // is over, nobody waits for the result.
    await sleep(500, undefined, { signal });
    say(`Image ${image} done`);
  }),
];

const redis = await startDevRedis();
const prefix = `worker-pool-${process.pid}`;
const logger = createLogger({ level: 'warn' });

// The worker starts before the first job comes. It need not: the queue would keep the jobs.
const worker = startWorker({ handlers, redis: redis.url, prefix, logger, concurrency: 3, drainTimeout: '5s' });
const producer = createProducer({ redis: redis.url, prefix });
let signals = 0;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    say(`${signal}: draining`);
    signals += 1;
    if (signals > 1) worker.process.abortNow();
    void worker.drain();
  });
}
await worker.ready;

await producer.enqueueMany(
  resize,
  [1, 2, 3, 4, 5].map((image) => ({ image })),
);
await worker.process.untilEmpty();

// As `bullpen-worker` does after SIGTERM: take no new job, finish the active ones, close every
// connection.
const { handedBack, cutOff } = await worker.drain();
await producer.close();
await redis.stop();
say(handedBack + cutOff === 0 ? 'Shutdown complete' : `Shutdown left ${handedBack + cutOff} jobs unfinished`);
