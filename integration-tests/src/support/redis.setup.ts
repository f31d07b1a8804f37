import { startDevRedis } from '@bullpen/dev-redis';
import { openRedis } from '@bullpen/shared/internal';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string;
  }
}

/**
 * Starts one Redis for the whole run: in a container when there is an engine, else as dev-redis
 * finds one. Fails the run when a test left something open on it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startDevRedis({ order: ['url', 'docker', 'path', 'apt'] });
  process.stderr.write(`integration tests run on: ${redis.description}\n`);
  project.provide('redisUrl', redis.url);
  return async () => {
    try {
      await assertNothingLeft(redis.url);
    } finally {
      await redis.stop();
    }
  };
}

async function assertNothingLeft(url: string): Promise<void> {
  const connection = openRedis(url, 'worker', 'bullpen-tests:teardown');
  try {
    const clients = String(await connection.client('LIST'))
      .split('\n')
      .filter((line) => /name=(bullpen|test)/.test(line));
    const others = clients.filter((line) => !line.includes('bullpen-tests:teardown'));
    const keys = await connection.keys('test-*');
    if (others.length > 0) throw new Error(`a test left ${others.length} connection(s) open:\n${others.join('\n')}`);
    if (keys.length > 0) throw new Error(`a test left keys behind: ${keys.slice(0, 10).join(', ')}`);
  } finally {
    connection.disconnect();
  }
}
