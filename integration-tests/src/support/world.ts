import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProducer, type Producer, type ProducerOptions } from '@bullpen/producer';
import { createLogger } from '@bullpen/shared';
import { openRedis, type Redis } from '@bullpen/shared/internal';
import { type RunningWorker, startWorker, type WorkerOptions } from '@bullpen/worker';
import { type Job, Queue } from 'bullmq';
import { test as base, inject } from 'vitest';
import { RunningCommand } from './command.js';
import { Supervised } from './supervised.js';
import { TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

const FIXTURES = fileURLToPath(new URL('../../dist/fixtures/', import.meta.url));
const JOBS = join(FIXTURES, 'jobs.js');
export const HANDLERS = join(FIXTURES, 'handlers.js');

/** One line of the ledger that the handlers write, outside Redis. */
export interface LedgerEntry {
  readonly event: 'start' | 'end' | 'aborted';
  readonly jobId: string;
  readonly attempt: number;
  readonly name: string;
  readonly pid: number;
  readonly at: number;
  readonly reason?: string;
}

/**
 * Everything that a test may open. All of it is closed, and its keys are removed, when the test
 * ends.
 */
export class World {
  readonly redisUrl = inject('redisUrl');
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  readonly folder: string;
  readonly redis: Redis;
  /** What was opened last is closed first. */
  readonly #releases: (() => Promise<unknown>)[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.redis = openRedis(this.redisUrl, 'worker', 'test:world');
    this.#releases.push(
      async () => this.redis.disconnect(),
      () => this.#removeKeys(),
    );
  }

  onClose(release: () => Promise<unknown>): void {
    this.#releases.push(release);
  }

  producer(options: Partial<ProducerOptions> = {}): Producer {
    const producer = createProducer({ redis: this.redisUrl, prefix: this.prefix, ...options });
    this.onClose(() => producer.close());
    return producer;
  }

  /** A worker inside the test's process. */
  worker(options: Omit<WorkerOptions, 'redis'> & Partial<Pick<WorkerOptions, 'redis'>>): RunningWorker {
    const worker = startWorker({
      redis: this.redisUrl,
      prefix: this.prefix,
      logger: createLogger({ level: 'silent' }),
      abortGrace: 100,
      drainTimeout: 100,
      ...options,
    });
    this.onClose(() => worker.drain());
    return worker;
  }

  /** A worker process running the scripted handlers. */
  workerProcess(args: readonly string[] = [], env: Record<string, string> = {}): RunningCommand {
    return this.command('bullpen-worker', this.#workerArgs(args), { LEDGER: this.ledgerPath, ...env });
  }

  /** The same, started again each time it is killed. */
  supervised(args: readonly string[]): Supervised {
    const env = { LEDGER: this.ledgerPath };
    const worker = new Supervised(() => new RunningCommand('bullpen-worker', this.#workerArgs(args), env));
    this.onClose(() => worker.stop());
    return worker;
  }

  /** A producer process that knows the jobs of the fixtures. */
  producerProcess(
    args: readonly string[],
    input?: string | Uint8Array,
    env: Record<string, string> = {},
  ): RunningCommand {
    // The arguments of the test come last: of two equal flags the last one counts.
    const command = ['--jobs', JOBS, '--redis', this.redisUrl, '--prefix', this.prefix, ...args];
    return this.command('bullpen-producer', command, env, input);
  }

  command(...args: ConstructorParameters<typeof RunningCommand>): RunningCommand {
    const running = new RunningCommand(...args);
    this.onClose(() => running.destroy());
    return running;
  }

  /** A proxy in front of Redis, and its URL. */
  async proxy(): Promise<{ readonly proxy: TcpProxy; readonly url: string }> {
    const proxy = new TcpProxy(this.redisUrl);
    const url = await proxy.listen();
    this.onClose(() => proxy.close());
    return { proxy, url };
  }

  /** The queue, as another BullMQ client sees it. */
  queue(name: string): Queue {
    const queue = new Queue(name, { connection: this.redis, prefix: this.prefix });
    queue.on('error', () => undefined);
    this.onClose(() => queue.close());
    return queue;
  }

  /** Waits until a job is completed or failed for good, and returns it. */
  async settled(queue: Queue, id: string): Promise<Job> {
    return until(`job ${id} to be settled`, async () => {
      const job = await queue.getJob(id);
      return job?.finishedOn === undefined ? undefined : job;
    });
  }

  get ledgerPath(): string {
    return join(this.folder, 'ledger.ndjson');
  }

  ledger(): LedgerEntry[] {
    if (!existsSync(this.ledgerPath)) return [];
    const lines = readFileSync(this.ledgerPath, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LedgerEntry);
  }

  /** Waits until a handler has started `count` times. */
  started(count: number): Promise<LedgerEntry[]> {
    return until(`${count} handlers to start`, () => {
      const starts = this.ledger().filter(({ event }) => event === 'start');
      return starts.length >= count ? starts : undefined;
    });
  }

  async file(name: string, text: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  keys(): Promise<string[]> {
    return this.redis.keys(`${this.prefix}:*`);
  }

  closed = false;

  async close(): Promise<void> {
    this.closed = true;
    const failures: unknown[] = [];
    for (const release of this.#releases.reverse()) await release().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the test could not close what it opened');
  }

  #workerArgs(args: readonly string[]): string[] {
    return ['--handlers', HANDLERS, '--redis', this.redisUrl, '--prefix', this.prefix, ...args];
  }

  async #removeKeys(): Promise<void> {
    const keys = await this.keys();
    if (keys.length > 0) await this.redis.unlink(...keys);
  }
}

/** How many sockets, pipes, servers and child processes this process holds open. */
function countOpen(): number {
  const kinds = /^(TCP|Pipe|Process|TLS)/;
  return process.getActiveResourcesInfo().filter((kind) => kinds.test(kind)).length;
}

/** Gives a test a world with a folder of its own, and removes both afterwards. */
export async function lendWorld(use: (world: World) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bullpen-test-'));
  const world = new World(folder);
  try {
    await use(world);
  } finally {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A test with a world of its own. */
export const test = base.extend<{ world: World }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern
  world: async ({}, use) => {
    const openBefore = countOpen();
    await lendWorld(use);
    await until('every connection, process and timer of the test to be closed', () => countOpen() <= openBefore, 5_000);
  },
});
