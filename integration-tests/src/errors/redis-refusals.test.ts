import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createLogger, defineJob, type Logger } from '@bullpen/shared';
import { handle, startWorker } from '@bullpen/worker';
import { describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { OwnRedis } from '../support/own-redis.js';
import { HANDLERS, test, type World } from '../support/world.js';

/** The commands, each against this address, until it ends by itself. */
const COMMANDS = {
  'bullpen-producer': (redis: string) => ['queues', '--redis', redis, '--redis-timeout', '5s'],
  'bullpen-worker': (redis: string) => ['--handlers', HANDLERS, '--redis', redis],
  'bullpen-dashboard': (redis: string) => ['--port', '0', '--redis', redis],
} as const;

type Command = keyof typeof COMMANDS;

/** What a command writes as its last line when Redis refuses it. It must exit 69. */
async function refusal(world: World, command: Command, redis: string): Promise<string> {
  const { code, stderr } = await world.command(command, COMMANDS[command](redis), {}).ended;
  expect(code).toBe(69);
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return (lines[0] ?? '').replace(/^bullpen-\w+: Redis at redis:\/\/127\.0\.0\.1:\d+ /, '');
}

/** A server that says of itself that it is this version of Redis, and knows nothing else. */
async function oldRedis(world: World, version: string): Promise<string> {
  const info = `redis_version:${version}\r\nloading:0\r\n`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      for (const name of part.toString('latin1').matchAll(/^\*\d+\r\n\$\d+\r\n(\w+)\r\n/gm)) {
        const command = name[1]?.toLowerCase();
        if (command === 'info') socket.write(`$${info.length}\r\n${info}\r\n`);
        else if (command === 'hello') socket.write("-ERR unknown command 'HELLO'\r\n");
        else socket.write(command === 'client' || command === 'subscribe' ? '+OK\r\n' : '*0\r\n');
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  world.onClose(async () => {
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.for(['bullpen-producer', 'bullpen-worker', 'bullpen-dashboard'] as const)('%s', (command) => {
  test('says where the password goes', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.config('SET', 'requirepass', 'sesame');
    expect(await refusal(world, command, own.server.url)).toBe(
      'refused us: NOAUTH (it wants a password: set REDIS_URL to an address with :<password>@ or <user>:<password>@ before the host)',
    );
    const wrong = await refusal(world, command, own.server.urlWith('opening'));
    expect(wrong).toMatch(
      /^refused us: WRONGPASS .*\(REDIS_URL has <user>:<password>@ before the host, or :<password>@/,
    );
    expect(wrong).not.toContain('opening');
  });

  test('names a Redis that is too old, and the oldest that will do', async ({ world }) => {
    expect(await refusal(world, command, await oldRedis(world, '5.0.14'))).toBe(
      'cannot be used: it is Redis 5.0.14, and Bullpen needs Redis 7.0 or newer, or Valkey',
    );
  });
});

test('bullpen-worker and bullpen-producer name the keys that a user may not use', async ({ world }) => {
  const own = await OwnRedis.start(world);
  await own.admin.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '~other:*', '&*', '+@all');
  const url = own.server.url.replace('://', '://ann:pw@');
  for (const command of ['bullpen-producer', 'bullpen-worker'] as const) {
    const args = ['enqueue', 'test.scripted', '--data', '{}', '--jobs', join(HANDLERS, '../jobs.js'), '--redis', url];
    const { code, stderr } = await world.command(
      command,
      command === 'bullpen-worker' ? COMMANDS[command](url) : args,
      {},
    ).ended;
    expect(code).toBe(69);
    expect(stderr).toMatch(
      /NOPERM .*\(the user may not use our keys: allow it those of the prefix, such as '~bullpen:\*'\)\n$/,
    );
  }
});

describe('a Redis that may delete jobs', () => {
  /** Handlers for so many queues. */
  const handlers = (world: World, count: number) =>
    Array.from({ length: count }, (_, at) =>
      handle(
        defineJob({ name: `evict.${at}`, queue: `evict-${world.prefix}-${at}`, payload: z.object({}) }),
        () => undefined,
      ),
    );

  test('is warned about once, in the log of the worker, and never on the console', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const bare = vi.spyOn(console, 'warn');
    const logger = createLogger({ level: 'silent' });
    const warned = vi.spyOn(logger, 'warn');
    const worker = startWorker({ handlers: handlers(world, 8), redis: own.server.url, prefix: world.prefix, logger });
    world.onClose(() => worker.drain());
    await worker.ready;
    const said = warned.mock.calls.map(([, message]) => message as unknown as string);
    expect(said).toEqual([
      expect.stringMatching(/may delete jobs .* maxmemory-policy is allkeys-lru; set it to noeviction$/),
    ]);
    expect(bare).not.toHaveBeenCalled();
    bare.mockRestore();
  });

  test('is warned about once, in the log of the dashboard', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.config('SET', 'maxmemory-policy', 'volatile-lru');
    const dashboard = world.command('bullpen-dashboard', COMMANDS['bullpen-dashboard'](own.server.url), {});
    await dashboard.printed('maxmemory-policy is volatile-lru; set it to noeviction');
  });

  test('a worker whose user may not use INFO runs jobs, without a word about it', async ({ world }) => {
    const own = await OwnRedis.start(world);
    await own.admin.call('ACL', 'SETUSER', 'ann', 'on', '>pw', '~*', '&*', '+@all', '-info');
    const redis = own.server.url.replace('://', '://ann:pw@');
    const bare = vi.spyOn(console, 'warn');
    const lines: unknown[] = [];
    const logger = createLogger({ level: 'silent' }) as Logger;
    for (const level of ['warn', 'error'] as const)
      vi.spyOn(logger, level).mockImplementation((...line) => lines.push(line));
    const [handler] = handlers(world, 1);
    if (handler === undefined) return;
    const worker = startWorker({ handlers: [handler], redis, prefix: world.prefix, logger });
    world.onClose(() => worker.drain());
    await worker.ready;
    const producer = world.producer({ redis });
    const { id } = await producer.enqueue(handler.job as never, {} as never);
    const job = await world.settled(own.queue(handler.job.queue), id);
    expect([job.finishedOn === undefined, job.failedReason, lines]).toEqual([false, undefined, []]);
    expect(bare).not.toHaveBeenCalled();
    bare.mockRestore();
  });
});
