import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { hasty } from '../fixtures/jobs.js';
import { test } from './support/container-world.js';
import { type ContainerState, inspect, untilDocker } from './support/docker.js';

const IMAGES = ['worker', 'producer', 'dashboard'] as const;

interface ImageConfig {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
    readonly StopSignal: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
}

const root = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

describe.concurrent('our images', () => {
  for (const name of IMAGES) {
    test(`bullpen-${name}: not root, an init and Node, labelled`, async () => {
      const { Config, Size } = await inspect<ImageConfig>(`bullpen-${name}`, '--type', 'image');
      process.stderr.write(`bullpen-${name} is ${Math.round(Size / 1e6)} MB\n`);
      expect(Config).toMatchObject({ User: '10001:10001', WorkingDir: '/app', StopSignal: 'SIGTERM' });
      expect([Config.Entrypoint[0], ...Config.Entrypoint.slice(-2)]).toEqual([
        '/usr/local/bin/tini',
        '/usr/local/bin/node',
        expect.stringContaining(`/packages/${name}/dist/`),
      ]);
      expect(Config.Env).toContain('NODE_ENV=production');
      expect(Object.keys(Config.ExposedPorts ?? {})).toEqual(name === 'dashboard' ? ['3000/tcp'] : []);
      const labels = ['title', 'description', 'licenses', 'version', 'revision', 'source'];
      expect(Object.keys(Config.Labels).sort()).toEqual(
        expect.arrayContaining(labels.map((label) => `org.opencontainers.image.${label}`)),
      );
      expect(Config.Labels['org.opencontainers.image.title']).toBe(`bullpen-${name}`);
    });

    test(`bullpen-${name}: what runs, and nothing else`, async ({ containers }) => {
      const find = ['--entrypoint', 'find', '--read-only'];
      const all = await containers.run(`bullpen-${name}`, ['/opt', '/node_modules', '/app', '/usr/local'], find).ended;
      const files = all.stdout.split('\n').filter(Boolean);
      expect(files.length).toBeGreaterThan(500);
      const anyLike = (pattern: RegExp): string[] => files.filter((file) => pattern.test(file)).slice(0, 5);
      expect(anyLike(/\.([cm]?ts|map|tsbuildinfo)$|\.test\./)).toEqual([]);
      expect(anyLike(/\/(npm|npx|yarn|corepack|pnpm)$/)).toEqual([]);
      expect(anyLike(/\/node_modules\/(typescript|vitest|@biomejs|testcontainers|@types)\//)).toEqual([]);
      const ourFolder = new Set(files.flatMap((file) => /^\/opt\/bullpen\/([^/]+)/.exec(file)?.[1] ?? []));
      expect([...ourFolder].sort()).toEqual(['LICENSE', 'health-check.mjs', 'node_modules', 'packages']);
      const foreign = IMAGES.filter((other) => other !== name && !(name !== 'producer' && other === 'producer'));
      const ours = (other: string): boolean => files.some((file) => file.includes(`/packages/${other}/dist/`));
      expect(foreign.filter(ours)).toEqual([]);
    });
  }

  test('hold the dependencies of the lock file, and no pnpm version but that of package.json', async () => {
    const dockerfile = await readFile(root('Dockerfile'), 'utf8');
    expect(dockerfile).not.toMatch(/pnpm@\d/);
    expect(dockerfile.match(/pnpm install.*/g)).toEqual([expect.stringContaining('--frozen-lockfile')]);
    expect(dockerfile).not.toMatch(/^# syntax=|<<|--mount=|--chmod/m);
  });

  test('have a health check that believes the process: healthy when it works, unhealthy when it is stuck', async ({
    world,
    containers,
  }) => {
    const quickly = ['--health-interval', '200ms', '--health-retries', '2', '--health-start-period', '0s'];
    const worker = await containers.worker(['--queue', 'scripted', '--concurrency', '1'], quickly);
    const status = async () =>
      (await inspect<ContainerState>(worker.name).catch(() => undefined))?.State.Health?.Status;
    await untilDocker('the container to be healthy', async () => (await status()) === 'healthy');
    await world.producer().enqueue(hasty, { ends: [{ do: 'hang', heed: false }] });
    await untilDocker('the container to be unhealthy', async () => (await status()) === 'unhealthy');
    const { State } = await inspect<ContainerState>(worker.name);
    expect(State.Health?.Log.at(-1)?.Output).toMatch(/stuck/);
  });
});
