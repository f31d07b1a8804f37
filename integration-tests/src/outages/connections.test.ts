import { createLogger, defineJob, type Logger } from '@bullpen/shared';
import { handle, startWorker, type WorkerOptions } from '@bullpen/worker';
import { describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { OwnRedis } from '../support/own-redis.js';
import { until } from '../support/until.js';
import { test, type World } from '../support/world.js';

const job = defineJob({ name: 'test.connected', queue: 'connected', payload: z.object({}) });

const WAITS = "waits for jobs of queue 'connected'";
const HEARS = 'hears of cancellations';
const missing = (does: string) => `redis is unavailable to the connection that ${does}`;

/** What a worker logged: its fields and its message. */
interface Line {
  readonly message: string;
  readonly connection?: string;
  readonly reason?: string;
}

/** Keeps what is logged from level info on. */
function listen(): { logger: Logger; lines: Line[] } {
  const logger = createLogger({ level: 'silent' });
  const lines: Line[] = [];
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(logger, level).mockImplementation((fields: unknown, message?: unknown) => {
      lines.push({ ...(fields as object), message: String(message) });
    });
  }
  return { logger, lines };
}

/** A worker of the test's process, on a Redis of its own. */
function start(world: World, redis: string, handler: () => void | Promise<void>, options: Partial<WorkerOptions> = {}) {
  const { logger, lines } = listen();
  const { prefix } = world;
  const worker = startWorker({ handlers: [handle(job, handler)], redis, prefix, logger, abortGrace: 100, ...options });
  world.onClose(() => worker.drain());
  const about = (connection: string): Line[] => lines.filter((line) => line.connection === connection);
  return { worker, lines, about };
}

/** Adds a job without a new connection: there may be no room for one. */
const add = (own: OwnRedis) => own.queue(job.queue).add(job.name, {});

/** The clients of a Redis with this in their name. */
async function clientsOf(own: OwnRedis, name: string): Promise<string[]> {
  const list = String(await own.admin.client('LIST'));
  return list.split('\n').filter((line) => / name=(\S*)/.exec(line)?.[1]?.includes(name));
}

const cut = async (own: OwnRedis, name: string): Promise<void> => {
  for (const line of await clientsOf(own, name)) await own.admin.client('KILL', 'ID', /id=(\d+)/.exec(line)?.[1] ?? '');
};

describe('a Redis that has as many clients as it may have', () => {
  test('keeps a worker from being ready, which says which connections are missing, and works meanwhile', async ({
    world,
  }) => {
    const own = await OwnRedis.start(world);
    const held = own.queue(job.queue);
    await held.add(job.name, {});
    await own.admin.config('SET', 'maxclients', '2');
    const done = vi.fn();
    const { worker, about } = start(world, own.server.url, done);
    await until('both connections to be missed', () => worker.health().problems.length === 3);
    await until('the reason', () =>
      about(WAITS).some(({ reason }) => /max number of clients.*raise/.test(reason ?? '')),
    );
    expect(worker.health()).toMatchObject({ live: true, ready: false, connected: false });
    expect(worker.health().problems).toEqual(
      expect.arrayContaining([missing(WAITS), missing(HEARS), 'the worker is starting']),
    );
    await until('the job to be attempted', () => done.mock.calls.length === 1);
    await own.admin.config('SET', 'maxclients', '100');
    await worker.ready;
    await until('the worker to be ready', () => worker.health().ready);
    for (const connection of [WAITS, HEARS]) {
      const durationMs = expect.any(Number) as number;
      const message = 'redis is available';
      expect(about(connection).at(-1)).toEqual({ connection, redis: own.server.url, durationMs, message });
      expect(about(connection).filter(({ message }) => message.endsWith('retrying')).length).toBeLessThanOrEqual(2);
    }
  });

  test('takes the connection that waits for jobs from a worker, which goes on and says so', async ({ world }) => {
    const own = await OwnRedis.start(world);
    const attempted: number[] = [];
    const { worker, about } = start(world, own.server.url, () => void attempted.push(performance.now()));
    await worker.ready;
    const blocking = ':w:';
    await until('it to wait for jobs', async () => (await clientsOf(own, blocking)).length === 1);
    await own.admin.config('SET', 'maxclients', '1');
    await cut(own, blocking);
    await until('the loss to be told', () => !worker.health().ready);
    expect(worker.health().problems).toEqual([missing(WAITS)]);
    for (let count = 1; count <= 3; count += 1) {
      const addedAt = performance.now();
      await add(own);
      await until(`attempt ${count}`, () => attempted.length === count);
      expect((attempted[count - 1] ?? 0) - addedAt).toBeLessThan(2_000);
    }
    await own.admin.config('SET', 'maxclients', '100');
    await until('the worker to be ready', () => worker.health().ready);
    expect(about(WAITS).at(-1)?.message).toBe('redis is available');
    await until('it to wait for jobs again', async () => (await clientsOf(own, blocking)).length === 1);
    await worker.drain();
    for (const name of ['bullpen:', blocking])
      await until(`no connection with ${name}`, async () => (await clientsOf(own, name)).length === 0);
  });

  test('does not make a failure of a success that ends meanwhile', async ({ world }) => {
    const own = await OwnRedis.start(world);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { worker, lines } = start(world, own.server.url, () => finished);
    await worker.ready;
    const { id = '' } = await add(own);
    await until('the attempt', () => worker.active === 1);
    await own.admin.config('SET', 'maxclients', '1');
    await cut(own, 'bullpen:worker');
    await until('the refusal', () => lines.some(({ reason }) => reason?.includes('max number of clients')));
    finish();
    await own.admin.config('SET', 'maxclients', '100');
    expect((await world.settled(own.queue(job.queue), id)).failedReason).toBeUndefined();
  });
});
