import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedisProgram } from '@bullpen/dev-redis';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Attached } from '../support/attached.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { HANDLERS } from '../support/world.js';

/** A folder with the packages in `node_modules`, as the image has. */
const APP = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(fileURLToPath(new URL('../../../docs/images.md', import.meta.url)), 'utf8');
const [, dockerfile = ''] = /```dockerfile\n(FROM [^\n]+ AS build\n[\s\S]+?)```/.exec(page) ?? [];

function execForm(instruction: string): string[] {
  const [, list = '[]'] = new RegExp(`^${instruction} (\\[.+\\])$`, 'm').exec(dockerfile) ?? [];
  return JSON.parse(list) as string[];
}

let folder: string;
let redis: RedisServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bullpen-image-'));
  redis = await RedisServer.start(await findRedisProgram(), folder);
});
afterAll(async () => {
  await redis.kill();
  await rm(folder, { recursive: true, force: true });
});

class Container extends Attached {
  constructor([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    super(program, args, undefined, { cwd: APP, env, forceKillAfterDelay: false });
  }

  stop(): void {
    this.process.kill('SIGTERM');
  }
}

test('the Dockerfile for an app: its entrypoint and its health check work, and it stops with 0', async () => {
  const [init, dashes, ...command] = execForm('ENTRYPOINT');
  expect([init, dashes]).toEqual(['tini', '--']);
  const port = await freePort();
  // The page names the file and the port of an app that is not here.
  expect(dockerfile).toContain('BULLPEN_HANDLERS=dist/handlers.js BULLPEN_HEALTH_PORT=8080');
  const env = { REDIS_URL: redis.url, BULLPEN_HANDLERS: HANDLERS, BULLPEN_HEALTH_PORT: String(port) };
  const worker = new Container(command, env);
  await worker.logged('worker ready');
  const [program = '', ...args] = execForm('HEALTHCHECK CMD').map((word) => word.replace(':8080/', `:${port}/`));
  expect((await execa(program, args, { reject: false })).exitCode).toBe(0);
  worker.stop();
  expect((await worker.ended).code).toBe(0);
  expect((await execa(program, args, { reject: false })).exitCode).toBe(1);
});
