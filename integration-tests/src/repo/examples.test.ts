import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect } from 'vitest';
import { test } from '../support/world.js';

const example = (name: string, file: string): string =>
  join(dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`))), 'dist', file);

describe('the examples', () => {
  test('worker-pool: does five jobs, three at a time, and shuts down completely', async ({ world }) => {
    const { stdout, exitCode } = await execa(
      process.execPath,
      [example('@bullpen/example-worker-pool', 'worker-pool.js')],
      {
        env: { REDIS_URL: world.redisUrl },
        timeout: 30_000,
      },
    );
    world.onClose(async () => {
      const keys = await world.redis.keys('worker-pool-*');
      if (keys.length > 0) await world.redis.unlink(...keys);
    });
    expect(exitCode).toBe(0);
    expect(stdout.match(/done/g)).toHaveLength(5);
    expect(stdout.trim().split('\n').at(-1)).toBe('Shutdown complete');
  });

  test('the demo: loses nothing in a deploy and a crash', async ({ world }) => {
    const { stdout, exitCode } = await execa(process.execPath, [example('@bullpen/example-webhooks', 'demo.js')], {
      env: { REDIS_URL: world.redisUrl },
      reject: false,
    });
    expect(stdout).toMatch(/delivered +│ 4,995/);
    expect(stdout).toMatch(/lost +│ +0 /);
    expect(exitCode).toBe(0);
  }, 120_000);
});
