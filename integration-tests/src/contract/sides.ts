import { createProducer, type EnqueueOptions, type Producer } from '@bullpen/producer';
import { defineJob, type Events } from '@bullpen/shared';
import { handle, type WorkerOptions } from '@bullpen/worker';
import { type KeepJobs, Queue, Worker } from 'bullmq';
import { z } from 'zod';
import { until } from '../support/until.js';
import type { World } from '../support/world.js';
import { snapshot } from './snapshot.js';
import { tellEvents } from './told-events.js';

/** The job of both sides. Also stock clients enqueue it, by its name. */
export const job = defineJob({
  ...{ name: 'test.contract', queue: 'contract', payload: z.object({ name: z.string() }) },
  maxAttempts: 1,
});

/** What both sides do alike. */
export interface Play {
  readonly concurrency?: number;
  /** What is kept of completed jobs. */
  readonly keep: KeepJobs;
  readonly fetchAhead?: boolean;
  /** Which events the queue tells. Default `all`, as a stock one does. */
  readonly events?: Events;
  /** Before a worker starts. */
  readonly before: (side: Side) => Promise<unknown>;
  /** What the handler of the nth job to begin does. */
  readonly run?: (side: Side, nth: number) => Promise<unknown> | undefined;
}

/** One queue with one worker: a stock one, or ours. */
export class Side {
  readonly prefix: string;
  readonly producer: Producer;
  readonly queue: Queue;
  /** The jobs whose handlers began, in order: their ids, or names where ids differ by nature. */
  readonly started: string[] = [];
  /** How many handlers have ended. */
  ended = 0;
  readonly gate: Promise<void>;
  readonly #world: World;
  /** The names of jobs whose ids the producer makes. */
  readonly #names = new Map<string, string>();
  #letGo = (): void => undefined;

  constructor(world: World, name: string) {
    this.#world = world;
    this.prefix = `${world.prefix}-${name}`;
    this.producer = createProducer({ redis: world.redisUrl, prefix: this.prefix });
    this.queue = new Queue(job.queue, { connection: world.redis, prefix: this.prefix });
    this.gate = new Promise((resolve) => {
      this.#letGo = resolve;
    });
    world.onClose(async () => {
      await Promise.all([this.producer.close(), this.queue.close()]);
      const keys = await world.redis.keys(`${this.prefix}:*`);
      if (keys.length > 0) await world.redis.unlink(...keys);
    });
  }

  /** Lets handlers go on that wait at the gate. */
  letGo(): void {
    this.#letGo();
  }

  /** Adds jobs as a stock client, each under its name as id. */
  async add(names: readonly string[], opts: Parameters<Queue['add']>[2] = {}): Promise<void> {
    for (const name of names) await this.queue.add(job.name, { name }, { jobId: name, ...opts });
  }

  /** Adds jobs with our producer. */
  async enqueue(names: readonly string[], options: EnqueueOptions = {}): Promise<void> {
    for (const name of names) this.#names.set((await this.producer.enqueue(job, { name }, options)).id, name);
  }

  key(name: string): string {
    return `${this.prefix}:${this.queue.name}:${name}`;
  }

  /** All that the queue holds now, but what our workers write down of what it keeps. */
  async snapshot(): Promise<Record<string, unknown>> {
    const found = await snapshot(this, this.#world.redis);
    const meta = Object.entries(found['meta'] as object).filter(([field]) => !field.startsWith('bullpen.keep'));
    let text = JSON.stringify({ ...found, meta: Object.fromEntries(meta) });
    for (const [id, name] of this.#names) text = text.replaceAll(id, name);
    const named = JSON.parse(text) as Record<string, unknown>;
    // Jobs that end in one millisecond have the order of their ids. Events tell the real one.
    if (named['completed'] !== undefined) named['completed'] = (named['completed'] as string[]).toSorted();
    return named;
  }

  /** Waits until so many handlers have begun. */
  async begun(count: number): Promise<void> {
    await until(`${count} jobs to begin`, () => this.started.length >= count);
  }

  /** Waits until no job waits or is active. */
  async done(): Promise<void> {
    await until(
      'all jobs to be done',
      async () => (await this.queue.getJobCountByTypes('wait', 'active', 'prioritized')) === 0,
    );
  }

  async run(play: Play, id: string): Promise<unknown> {
    this.started.push(this.#names.get(id) ?? id);
    try {
      await play.run?.(this, this.started.length);
      return { ok: true };
    } finally {
      this.ended += 1;
    }
  }
}

/** A worker of ours, and a stock one, each on a queue of its own. */
export async function bothSides(world: World, play: Play): Promise<readonly [ours: Side, theirs: Side]> {
  const sides = [new Side(world, 'ours'), new Side(world, 'theirs')] as const;
  const [ours, theirs] = sides;
  for (const side of sides) {
    await side.queue.waitUntilReady();
    await tellEvents(world.redis, side.key('').slice(0, -1), play.events ?? 'all');
    await play.before(side);
  }
  const { concurrency = 1, keep, fetchAhead = true } = play;
  const { count, age } = keep as { count?: number; age?: number };
  const keepCompleted: NonNullable<WorkerOptions['keepCompleted']> = {
    // A row is removed whatever a queue keeps.
    ...(count === undefined || count === 0 ? {} : { count }),
    ...(age === undefined ? {} : { age: age * 1_000 }),
  };
  world.worker({
    ...{ prefix: ours.prefix, concurrency, lease: '1m', fetchAhead, keepCompleted },
    handlers: [handle(job, (_, { jobId }) => ours.run(play, jobId))],
  });
  const worker = new Worker(job.queue, ({ id = '' }) => theirs.run(play, id), {
    ...{ connection: { url: world.redisUrl }, prefix: theirs.prefix, name: 'w', concurrency, removeOnComplete: keep },
  });
  worker.on('error', () => undefined);
  let completed = 0;
  worker.on('completed', () => {
    completed += 1;
  });
  world.onClose(async () => {
    // A stock worker that learns of a rate limit while it closes waits for the limit to end.
    await until('all jobs that began to be completed', () => completed === theirs.started.length, 5_000);
    await worker.close();
  });
  // If the test ends early: a worker waits for its job when it closes.
  world.onClose(async () => {
    for (const side of sides) side.letGo();
  });
  return sides;
}
