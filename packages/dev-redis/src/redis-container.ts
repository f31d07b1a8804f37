import { randomBytes } from 'node:crypto';
import { askRedis } from './ask-redis.js';
import type { Note } from './dev-redis.js';
import type { RunningRedis } from './redis-program.js';
import { durable, settingsAsArgs } from './redis-settings.js';
import { within } from './within.js';

const image = 'redis:7-alpine';
const port = 6379;
const engineLimitMs = 5_000;
const pullLimitMs = 90_000;
const readyLimitMs = 20_000;

/**
 * Runs a Redis in a container. Only this machine can reach it; where the engine is on another
 * machine, Redis has a password.
 */
export async function startRedisContainer(note: Note, stopAsked: Promise<unknown>): Promise<RunningRedis> {
  // Loaded only here: it takes 0.3 s, and most machines do not need it.
  const { GenericContainer, getContainerRuntimeClient, ImageName, Wait } = await import('testcontainers');
  // testcontainers waits without end for an engine, or a registry, that accepts a connection and
  // never answers. So each step has a limit.
  const engine = await within(engineLimitMs, 'asking the engine', getContainerRuntimeClient(), stopAsked);

  /** testcontainers publishes ports on all addresses, and has no option to choose one. */
  class PublishedRedis extends GenericContainer {
    publishOn(address: string): this {
      this.withExposedPorts(port);
      this.hostConfig.PortBindings = { [`${port}/tcp`]: [{ HostIp: address, HostPort: '0' }] };
      return this;
    }
  }

  const imageName = ImageName.fromString(image);
  if (!(await engine.image.exists(imageName))) note(`pulling ${image}, once`);
  await within(pullLimitMs, `pulling ${image}`, engine.image.pull(imageName), stopAsked);

  const { host } = engine.info.containerRuntime;
  const isHere = host === 'localhost' || host === '127.0.0.1';
  const password = isHere ? '' : randomBytes(16).toString('hex');
  // Protected mode would refuse every client: all come over the engine's own network.
  const access = { 'protected-mode': 'no', requirepass: password };
  const container = await new PublishedRedis(image)
    .publishOn(isHere ? '127.0.0.1' : '0.0.0.0')
    .withCommand(['redis-server', ...settingsAsArgs({ ...durable, ...access })])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .withStartupTimeout(readyLimitMs)
    .start();
  const stop = () => container.stop().then(() => {});
  try {
    const address = `${isHere ? '127.0.0.1' : `default:${password}@${host}`}:${container.getMappedPort(port)}`;
    const url = `redis://${address}`;
    const facts = await askRedis(url, readyLimitMs, stopAsked);
    const ended = engine.container
      .getById(container.getId())
      .wait()
      .then((result: { StatusCode?: number }) => `its container ended with exit code ${result.StatusCode}`);
    return { url, version: facts.version ?? 'of unknown version', ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
