import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DevRedisWay } from './dev-redis.js';
import { DevRedisUnavailable } from './errors.js';
import { startDevRedis } from './start.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

async function failure(order: readonly DevRedisWay[]): Promise<unknown> {
  return startDevRedis({ order, onNote: () => {} }).catch((error: unknown) => error);
}

describe('startDevRedis', () => {
  it('refuses an order that is empty or has an unknown way', async () => {
    expect(await failure([])).toEqual(new TypeError('order: expected at least one way'));
    expect(await failure(['path', 'brew' as DevRedisWay])).toEqual(
      new TypeError('order: expected url, path, docker, apt, got brew'),
    );
  });

  it('refuses an option that it does not have', async () => {
    await expect(startDevRedis({ port: 6379 } as never)).rejects.toThrow(
      new TypeError('port: is no option of startDevRedis. It has: order, onNote.'),
    );
  });

  it('says for each way why it gave no Redis, and what to do', async () => {
    vi.stubEnv('REDIS_URL', '');
    vi.stubEnv('PATH', '/nowhere');
    const error = await failure(['path', 'url']);
    expect(error).toBeInstanceOf(DevRedisUnavailable);
    expect(error).toMatchObject({
      tried: [
        { way: 'path', reason: 'neither redis-server nor valkey-server is on PATH' },
        { way: 'url', reason: 'REDIS_URL is not set' },
      ],
      advice: expect.stringContaining('To get one'),
    });
  });

  it('does not try other ways when REDIS_URL does not work', async () => {
    vi.stubEnv('REDIS_URL', 'http://user:secret@example.org');
    const error = await failure(['url', 'path']);
    expect(error).toMatchObject({ tried: [{ way: 'url', reason: expect.stringContaining('redis://') }] });
    expect(String(error)).not.toContain('secret');
  });
});
