import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readEnvironment, redisEnvironment, supervisorEnvironment } from './environment.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('readEnvironment', () => {
  it('treats an empty variable as one that is not set', () => {
    expect(readEnvironment({ REDIS_URL: '', DOCKER_HOST: '' })).toMatchObject({
      redisUrl: undefined,
      dockerHost: undefined,
      path: '',
    });
  });

  it('uses XDG_CACHE_HOME when it is absolute', () => {
    expect(readEnvironment({ XDG_CACHE_HOME: '/caches' }).cacheFolder).toBe('/caches');
    expect(readEnvironment({ XDG_CACHE_HOME: 'caches' }).cacheFolder).toBe(join(homedir(), '.cache'));
  });
});

describe('supervisorEnvironment', () => {
  it("drops the owner's NODE_OPTIONS and turns the reaper off", () => {
    vi.stubEnv('NODE_OPTIONS', '--inspect');
    vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', undefined);
    const env = supervisorEnvironment('unix:///engine.sock');
    expect(env['NODE_OPTIONS']).toBeUndefined();
    expect(env['TESTCONTAINERS_RYUK_DISABLED']).toBe('true');
    expect(env['DOCKER_HOST']).toBe('unix:///engine.sock');
  });

  it('keeps the setting of the reaper when the owner has one', () => {
    vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'false');
    expect(supervisorEnvironment(undefined)['TESTCONTAINERS_RYUK_DISABLED']).toBe('false');
  });
});

describe('redisEnvironment', () => {
  it('sets a library path only for a program that brings libraries', () => {
    vi.stubEnv('LD_LIBRARY_PATH', undefined);
    expect(redisEnvironment([])['LD_LIBRARY_PATH']).toBeUndefined();
    expect(redisEnvironment(['/a', '/b'])['LD_LIBRARY_PATH']).toBe('/a:/b');
  });
});
