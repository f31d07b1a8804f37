import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisProgram } from '@bullpen/dev-redis';
import type { Redis } from '@bullpen/shared/internal';
import { Child } from './child.js';

const READY_LIMIT_MS = 20_000;

/** How a server differs from the others of a test. */
export interface ServerSetting {
  /** The name of its folder. */
  readonly name?: string;
  /** Arguments of redis-server, besides ours. */
  readonly args?: readonly string[];
  /** The configuration file of a sentinel, which the sentinel also writes. */
  readonly sentinelFile?: string;
}

/**
 * A real Redis that writes every change to disk before it answers. It can be killed, frozen, and
 * started again on the same port and data.
 */
export class RedisServer {
  readonly port: number;
  readonly #program: RedisProgram;
  readonly #folder: string;
  readonly #setting: ServerSetting;
  #child: Child | undefined;

  private constructor(program: RedisProgram, folder: string, port: number, setting: ServerSetting) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
    this.#setting = setting;
  }

  static async start(program: RedisProgram, folder: string, setting: ServerSetting = {}): Promise<RedisServer> {
    const port = await freePort();
    // A test may have several, and each writes its append-only file.
    const server = new RedisServer(program, join(folder, setting.name ?? `redis-${port}`), port, setting);
    mkdirSync(server.#folder, { recursive: true });
    await server.start();
    return server;
  }

  /** The process that is running now, if one is. */
  get pid(): number | undefined {
    return this.#child?.exit === undefined ? this.#child?.pid : undefined;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The address with this password. */
  urlWith(password: string): string {
    return this.url.replace('://', `://:${encodeURIComponent(password)}@`);
  }

  /** Starts it if it does not run, and waits until it has read its data and answers. */
  async start(): Promise<void> {
    if (this.#child === undefined || this.#child.exit !== undefined) {
      const { binary, libraryFolders } = this.#program;
      const place = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder, '--daemonize', 'no'];
      const durable = [
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--save',
        '',
        '--maxmemory-policy',
        'noeviction',
      ];
      const libraries = libraryFolders.length > 0 ? { LD_LIBRARY_PATH: libraryFolders.join(':') } : {};
      const env = { LC_ALL: 'C', ...libraries };
      const { args = [], sentinelFile } = this.#setting;
      const kind = sentinelFile === undefined ? [] : [sentinelFile, '--sentinel'];
      const all = [...kind, ...place, ...(sentinelFile === undefined ? durable : []), ...args];
      this.#child = new Child(binary, all, env, join(this.#folder, 'redis.log'));
    }
    const deadline = Date.now() + READY_LIMIT_MS;
    while (!(await this.#answers())) {
      if (this.#child.exit !== undefined || Date.now() > deadline)
        throw new Error('redis did not start; see redis.log');
      await sleep(20);
    }
  }

  send(signal: NodeJS.Signals): boolean {
    return this.#child?.send(signal) ?? false;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#child?.destroy();
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.port });
      const over = (answers: boolean): void => {
        socket.destroy();
        resolve(answers);
      };
      socket.setTimeout(1_000, () => over(false));
      socket.on('error', () => over(false));
      socket.on('connect', () => socket.write('PING\r\n'));
      // While it reads its data it answers -LOADING. A server with a password answers only -NOAUTH.
      socket.on('data', (reply) => over(/^(\+PONG|-NOAUTH)/.test(reply.toString())));
    });
  }
}

/** The server that a connection leads to. */
export async function serverBehind(redis: Redis, servers: readonly RedisServer[]): Promise<RedisServer> {
  const [, port] = /tcp_port:(\d+)/.exec(await redis.info('server')) ?? [];
  return servers.find((server) => String(server.port) === port) as RedisServer;
}

const taken = new Set<number>();

/**
 * Ports that no test file at the same time uses: it could take the port of a Redis that is about to
 * start, or that is down. Vitest numbers its processes from 1.
 */
const PORTS = 500;
const FIRST_PORT = 20_000 + PORTS * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 20);

/**
 * A free port below those that the system gives to outgoing connections. Such a connection could
 * take one of those while Redis is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (taken.has(port)) continue;
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (!free) continue;
    taken.add(port);
    return port;
  }
}
