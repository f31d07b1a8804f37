import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CLOSED_SHOP } from '../orders/orders.js';
import { ORDERS_FILE } from '../orders/orders-file.js';
import { type Receiver, startReceiver } from '../receiving/receiver.js';
import { type DemoRedis, startDemoRedis } from './demo-redis.js';
import type { Ending } from './ending.js';
import { type ProducerProcess, startProducerProcess } from './producer-process.js';
import type { Releasers } from './releasers.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';

/** What a stage needs. */
export interface StageDeps {
  /** Ends the run early. */
  readonly ending: Ending;
  /** Closes everything that was opened. */
  readonly releasers: Releasers;
  /** The folder of the workers' logs. */
  readonly logFolder: string;
}

/** Everything that takes part in the demo. */
export interface Stage {
  readonly redis: DemoRedis;
  readonly receiver: Receiver;
  /** Starts one more worker, named by the next letter. */
  startWorker(): WorkerProcess;
  /** Starts the producer, which enqueues the orders. */
  startProducer(): ProducerProcess;
}

const jobs = fileURLToPath(new URL('../jobs.js', import.meta.url));
const handlers = fileURLToPath(new URL('../handlers.js', import.meta.url));

/**
 * Starts Redis and the receiver. `releasers` closes them, and everything that starts later on this
 * stage, however the run ends.
 */
export async function setStage({ ending, releasers, logFolder }: StageDeps): Promise<Stage> {
  // The Redis in REDIS_URL may hold keys of other people, and of a run that was killed.
  const prefix = `bullpen-demo-${randomBytes(4).toString('hex')}`;
  const redis = await ending.unlessEnded(startDemoRedis(prefix));
  releasers.add(() => redis.stop());

  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const receiver = await startReceiver({ secret, gonePaths: [CLOSED_SHOP.path] });
  releasers.add(() => receiver.close());

  const letters = [...'ABCD'];
  return {
    redis,
    receiver,
    startWorker() {
      const letter = letters.shift() ?? '?';
      const environment = { WEBHOOK_SECRET: secret, WEBHOOK_URL: receiver.url };
      const worker = startWorkerProcess({ letter, handlers, redisUrl: redis.url, prefix, environment, logFolder });
      releasers.add(async () => {
        worker.kill('SIGKILL');
        await worker.ended;
      });
      void worker.ended.then(({ signal, exitCode }) => {
        if (!worker.wasToldToEnd)
          ending.because(new Error(`${worker.name} ended by itself, with ${signal ?? exitCode}`));
      });
      return worker;
    },
    startProducer() {
      const producer = startProducerProcess({
        file: ORDERS_FILE,
        jobs,
        keyField: 'event_id',
        redisUrl: redis.url,
        prefix,
      });
      releasers.add(() => producer.stop());
      producer.report.catch((error: Error) => ending.because(error));
      return producer;
    },
  };
}
