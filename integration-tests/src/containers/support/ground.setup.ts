import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { docker, LABEL, untilDocker } from './docker.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The network of the tests' containers; Redis is there as `redis`. */
    network: string;
  }
}

/**
 * One network and one Redis for all container tests of a run; its port is on the loopback. Fails
 * the run when a test left a container or an image behind.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const network = `bullpen-test-${randomBytes(4).toString('hex')}`;
  const label = ['--label', `${LABEL}=${network}`];
  const close = async (): Promise<void> => {
    await docker(['rm', '--force', '--volumes', `${network}-redis`]);
    await docker(['network', 'rm', network]);
  };
  await docker(['network', 'create', ...label, network]);
  try {
    const place = ['--network', network, '--network-alias', 'redis', '--publish', '127.0.0.1::6379'];
    const redis = ['redis:7', 'redis-server', '--save', '', '--maxmemory-policy', 'noeviction'];
    await docker(['run', '--detach', '--name', `${network}-redis`, ...label, ...place, ...redis]);
    await untilDocker('Redis to answer', async () => {
      const answer = docker(['exec', `${network}-redis`, 'redis-cli', 'ping']).catch(() => '');
      return (await answer).includes('PONG');
    });
    const address = await docker(['port', `${network}-redis`, '6379']);
    project.provide('network', network);
    project.provide('redisUrl', `redis://${address.trim()}`);
  } catch (error) {
    await close();
    throw error;
  }
  return async () => {
    try {
      await assertNothingLeft(network);
    } finally {
      await close();
    }
  };
}

async function assertNothingLeft(network: string): Promise<void> {
  const mine = ['--filter', `label=${LABEL}=${network}`];
  const containers = (await docker(['ps', '--all', ...mine, '--format', '{{.Names}}'])).split('\n');
  const left = containers.filter((name) => name !== '' && name !== `${network}-redis`);
  if (left.length > 0) throw new Error(`a test left containers behind: ${left.join(', ')}`);
  const keys = await docker(['exec', `${network}-redis`, 'redis-cli', 'keys', 'test-*']);
  if (keys.trim() !== '') throw new Error(`a test left keys behind: ${keys}`);
  const images = await docker(['images', ...mine, '--quiet']);
  if (images !== '') throw new Error(`a test left images behind: ${images}`);
}
