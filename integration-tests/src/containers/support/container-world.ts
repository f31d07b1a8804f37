import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test as base, inject } from 'vitest';
import { lendWorld, type World } from '../../support/world.js';
import { Container } from './container.js';
import { docker, LABEL } from './docker.js';

/** The scripted jobs and their handlers, built, as a team's app. */
const APP = fileURLToPath(new URL('../../../dist/fixtures/', import.meta.url));

/** As docs/images.md wants a container to run. */
const SEALED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** What a test may run in containers; all of it is removed when the test ends. */
export class Containers {
  readonly network = inject('network');
  readonly label = ['--label', `${LABEL}=${this.network}`];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  newName(): string {
    return `${this.network}-${randomBytes(4).toString('hex')}`;
  }

  /** Any container on the network of the tests. */
  run(image: string, args: readonly string[], flags: readonly string[] = [], input?: string): Container {
    const all = [...this.label, '--network', this.network, ...flags];
    const container = new Container({
      name: this.newName(),
      flags: all,
      image,
      args,
      ...(input === undefined ? {} : { input }),
    });
    this.#world.onClose(() => container.destroy());
    return container;
  }

  /**
   * One of our images on a read-only root, with the settings every command has. The test's folder
   * is its `/folder`.
   */
  async runOurs(
    image: string,
    args: readonly string[],
    flags: readonly string[] = [],
    input?: string,
  ): Promise<Container> {
    // The container's user is none of this machine's.
    await chmod(this.#world.folder, 0o777);
    const settings = ['--env', 'REDIS_URL=redis://redis:6379', '--env', `BULLPEN_PREFIX=${this.#world.prefix}`];
    const folder = ['--volume', `${this.#world.folder}:/folder`, '--env', 'LEDGER=/folder/ledger.ndjson'];
    return this.run(image, args, [...SEALED, ...settings, ...folder, ...flags], input);
  }

  /** A worker with the scripted handlers mounted at /app. */
  worker(args: readonly string[] = [], flags: readonly string[] = []): Promise<Container> {
    const app = ['--volume', `${APP}:/app:ro`, '--env', 'BULLPEN_HANDLERS=/app/handlers.js'];
    return this.runOurs('bullpen-worker', args, [...app, ...flags]);
  }

  /** Builds a team's image from a Dockerfile and the test's folder. */
  async build(dockerfile: string): Promise<string> {
    const image = this.newName();
    // Not through a pipe: the client would leave it in a folder of its own.
    const path = await this.#world.file('Dockerfile', dockerfile);
    await docker(['build', '--quiet', ...this.label, '--tag', image, '--file', path, this.#world.folder]);
    this.#world.onClose(() => docker(['rmi', '--force', image]));
    return image;
  }
}

/**
 * A test with a world and containers of its own. These tests run side by side in one process, so
 * that nobody can say whose a socket is: what is left behind is seen at the end of the run.
 */
export const test = base.extend<{ world: World; containers: Containers }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern
  world: ({}, use) => lendWorld(use),
  containers: async ({ world }, use) => {
    await use(new Containers(world));
  },
});
