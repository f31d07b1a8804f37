import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type DevRedis, type DevRedisWay, startDevRedis } from '@bullpen/dev-redis';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';

/**
 * Every way but `url`: these tests need a Redis of their own, not the one that the other tests
 * share.
 */
const order: readonly DevRedisWay[] = ['path', 'docker', 'apt'];
const deadline = { timeout: 10_000, interval: 20 };
const require = createRequire(import.meta.url);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<{ redis: DevRedis; notes: string[] }> {
  const notes: string[] = [];
  const redis = await startDevRedis({ order, onNote: (line) => notes.push(line) });
  cleanups.push(() => redis.stop());
  return { redis, notes };
}

async function ask<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}

async function setting(url: string, name: string): Promise<string | undefined> {
  const reply = await ask(url, (client) => client.config('GET', name));
  return Array.isArray(reply) ? String(reply[1]) : undefined;
}

async function answers(url: string): Promise<boolean> {
  return ask(url, (client) => client.ping()).then(
    (reply) => reply === 'PONG',
    () => false,
  );
}

/** Whether Redis and its data exist. The data folder of a container means nothing on this side. */
async function traces(url: string, way: DevRedisWay, dataFolder: string): Promise<{ answers: boolean; data: boolean }> {
  return { answers: await answers(url), data: way !== 'docker' && existsSync(dataFolder) };
}

async function firstLine(stream: Readable): Promise<string> {
  const [line] = await once(createInterface({ input: stream }), 'line', { signal: AbortSignal.timeout(60_000) });
  return String(line);
}

function owner(afterwards: string) {
  const program = `
    import { startDevRedis } from '@bullpen/dev-redis';
    const { url, way } = await startDevRedis({ order: ${JSON.stringify(order)} });
    console.log(JSON.stringify({ url, way }));
    ${afterwards}
  `;
  const child = execa(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    reject: false,
    buffer: { stdout: false },
  });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

async function cli(...args: string[]) {
  const manifest = require.resolve('@bullpen/dev-redis/package.json');
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Record<string, string> };
  const ways = order.flatMap((way) => ['--way', way]);
  const file = join(manifest, '..', bin['bullpen-dev-redis'] ?? '');
  const child = execa(process.execPath, [file, ...ways, ...args], { reject: false });
  cleanups.push(() => child.kill('SIGTERM'));
  return { child };
}

describe('startDevRedis', () => {
  it('starts a Redis that keeps its data and evicts nothing, and describes it', async () => {
    const { redis, notes } = await start();
    expect(await answers(redis.url)).toBe(true);
    expect(await setting(redis.url, 'appendonly')).toBe('yes');
    expect(await setting(redis.url, 'appendfsync')).toBe('everysec');
    expect(await setting(redis.url, 'save')).toBe('');
    expect(await setting(redis.url, 'maxmemory-policy')).toBe('noeviction');
    expect(notes.at(-1)).toContain(`dev-redis: ${redis.description} at redis://`);
  });

  it('leaves nothing behind when it is stopped, once or twice', async () => {
    const { redis } = await start();
    const dataFolder = (await setting(redis.url, 'dir')) ?? '';
    await Promise.all([redis.stop(), redis.stop()]);
    await redis.exited;
    expect(await traces(redis.url, redis.way, dataFolder)).toEqual({ answers: false, data: false });
    await redis.stop();
  });

  it('gives everyone a Redis of their own', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.redis.url).not.toBe(other.redis.url);
    await ask(one.redis.url, (client) => client.set('mine', 'yes'));
    expect(await ask(other.redis.url, (client) => client.get('mine'))).toBeNull();
  });

  it('tells its owner when Redis ends by itself', async () => {
    const { redis, notes } = await start();
    await ask(redis.url, (client) => client.shutdown('NOSAVE')).catch(() => {});
    await redis.exited;
    expect(notes.at(-1)).toContain('ended by itself');
  });

  it('ends with an owner that is killed', async () => {
    const child = owner('setInterval(() => {}, 1_000_000);');
    const { url, way } = JSON.parse(await firstLine(child.stdout)) as DevRedis;
    const dataFolder = (await setting(url, 'dir')) ?? '';
    expect(await answers(url)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => traces(url, way, dataFolder), deadline).toEqual({ answers: false, data: false });
  });

  it('does not keep an idle owner alive, and ends with it', async () => {
    const child = owner('');
    const { url } = JSON.parse(await firstLine(child.stdout)) as DevRedis;
    expect((await child).exitCode).toBe(0);
    await expect.poll(() => answers(url), deadline).toBe(false);
  });
});

describe('bullpen-dev-redis', () => {
  it('prints the URL and nothing else, and keeps Redis until it is told to end', async () => {
    const { child } = await cli();
    const url = await firstLine(child.stdout);
    expect(await answers(url)).toBe(true);
    child.kill('SIGTERM');
    expect(await child).toMatchObject({ exitCode: 0, stdout: url });
    expect(await answers(url)).toBe(false);
  });

  it("runs a command with REDIS_URL set and ends with the command's exit code", async () => {
    const { child } = await cli('--', 'node', '--eval', 'console.log(process.env.REDIS_URL); process.exitCode = 3;');
    const { exitCode, stdout } = await child;
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^redis:\/\//);
    expect(await answers(stdout)).toBe(false);
  });

  it('exits as a shell does when a signal has ended the command', async () => {
    const { child } = await cli(
      '--',
      'node',
      '--eval',
      'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 9e6);',
    );
    expect((await child).exitCode).toBe(143);
  });

  it('refuses an option that it does not know', async () => {
    const { child } = await cli('--wey');
    expect(await child).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('--way') });
  });
});
