import { defineJob } from '@bullpen/shared';
import { handle, type RunningWorker } from '@bullpen/worker';
import { FlowProducer, type Queue, QueueEvents } from 'bullmq';
import { z } from 'zod';
import { until } from './until.js';
import type { World } from './world.js';

const no = z.boolean().default(false);
const payload = z.object({ n: z.number(), fails: no, failsOnce: no, waits: no });

/** A stock BullMQ client and a worker of ours, on one prefix. */
export class StockClient {
  readonly world: World;
  readonly queue: Queue;
  /** What the worker was given, in order. */
  readonly attempted: number[] = [];
  readonly handler;
  #letGo: () => void = () => undefined;
  readonly #gate = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  constructor(world: World) {
    this.world = world;
    this.queue = world.queue('stock');
    const job = defineJob({
      name: 'test.stock',
      queue: 'stock',
      payload,
      maxAttempts: 2,
      backoff: { type: 'fixed', delay: 0 },
    });
    this.handler = handle(job, async ({ n, fails, failsOnce, waits }, { attempt, progress }) => {
      this.attempted.push(n);
      await progress({ half: n });
      if (waits) await this.#gate;
      if (fails || (failsOnce && attempt === 1)) throw new Error(`no ${n}`);
      return { n };
    });
  }

  get job(): typeof this.handler.job {
    return this.handler.job;
  }

  /** Lets attempts end whose payload says `waits`. */
  letGo(): void {
    this.#letGo();
  }

  async add(n: number, opts: Parameters<Queue['add']>[2] = {}, more: object = {}): Promise<string> {
    const { id } = await this.queue.add('test.stock', { n, ...more }, opts);
    return id as string;
  }

  work(concurrency = 1): RunningWorker {
    return this.world.worker({ handlers: [this.handler], concurrency });
  }

  /** Waits until this many attempts have begun. */
  async attempts(count: number): Promise<number[]> {
    await until(`${count} attempts`, () => this.attempted.length >= count);
    return this.attempted;
  }

  async state(id: string, state: string): Promise<void> {
    await until(`job ${id} to be ${state}`, async () => (await this.queue.getJobState(id)) === state);
  }

  flows(): FlowProducer {
    const flows = new FlowProducer({ connection: this.world.redis, prefix: this.world.prefix });
    this.world.onClose(() => flows.close());
    return flows;
  }

  async events(): Promise<QueueEvents> {
    const connection = this.world.redis.duplicate();
    const events = new QueueEvents('stock', { connection, prefix: this.world.prefix, lastEventId: '0' });
    events.on('error', () => undefined);
    this.world.onClose(async () => {
      await events.close();
      connection.disconnect();
    });
    await events.waitUntilReady();
    return events;
  }
}
