import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type ContainerState, docker, inspect, untilDocker } from './docker.js';

export const COMPOSE_FILE = fileURLToPath(new URL('../../../../docker-compose.yml', import.meta.url));

/** The secrets that .env must have. */
export const SECRETS = {
  BULLPEN_REDIS_PASSWORD: 'test-redis-password',
  BULLPEN_DASHBOARD_PASSWORD: 'test-dashboard-password',
  WEBHOOK_SECRET: `whsec_${'0123456789abcdef'.repeat(2)}`,
};

/**
 * The compose file of the repository, as a project of a test's own: what a test adds is in a second
 * file, as a team's own would be.
 */
export class Compose {
  readonly name: string;
  readonly #folder: string;

  private constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  static async open(name: string, override: object, env: Readonly<Record<string, string>>): Promise<Compose> {
    const folder = await mkdtemp(join(tmpdir(), 'bullpen-compose-'));
    const lines = Object.entries({ ...SECRETS, ...env }).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(join(folder, '.env'), lines.join(''));
    await writeFile(join(folder, 'override.yml'), stringify(override));
    return new Compose(name, folder);
  }

  /** `docker compose …`, in this project. */
  run(args: readonly string[], input?: string): Promise<string> {
    const files = ['--file', COMPOSE_FILE, '--file', join(this.#folder, 'override.yml')];
    const project = ['--project-name', this.name, '--env-file', join(this.#folder, '.env')];
    const stdin = input === undefined ? {} : { stdin: 'pipe' as const, input };
    return docker(['compose', ...project, ...files, '--profile', 'demo', ...args], stdin);
  }

  /** The names of a service's containers, stopped ones as well. */
  async containers(service: string): Promise<string[]> {
    const names = await this.run(['ps', '--all', '--format', '{{.Name}}', service]);
    return names.split('\n').filter(Boolean).sort();
  }

  /** How each container of a service ended, or is. */
  async states(service: string): Promise<ContainerState['State'][]> {
    const names = await this.containers(service);
    return Promise.all(names.map(async (name) => (await inspect<ContainerState>(name)).State));
  }

  /** Waits until so many workers that were started for the first time take jobs. */
  async ready(count: number): Promise<void> {
    await untilDocker(`${count} workers to be ready`, async () => {
      const logs = await this.run(['logs', '--no-log-prefix', 'worker']);
      return logs.match(/"worker ready"/g)?.length === count;
    });
  }

  /** Removes its containers, networks and volumes. */
  async close(): Promise<void> {
    await this.run(['down', '--volumes', '--timeout', '0', '--remove-orphans']);
    await rm(this.#folder, { recursive: true });
  }
}
