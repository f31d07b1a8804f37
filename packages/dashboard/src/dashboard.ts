import type { AddressInfo } from 'node:net';
import { createProducer } from '@bullpen/producer';
import { createLogger, OptionsInvalid, RedisUnavailable } from '@bullpen/shared';
import {
  Exporter,
  explainRedis,
  isConnectionLoss,
  listenFault,
  mayEvict,
  openRedis,
  reasonOf,
  refusesUs,
  showRedis,
  tooOld,
} from '@bullpen/shared/internal';
import { buildApp } from './app.js';
import { BoardQueues } from './board/queues.js';
import { Outage } from './health/outage.js';
import { type DashboardOptions, readOptions } from './options.js';

/** A dashboard that listens. */
export interface RunningDashboard {
  /** Its address, with the base path: `http://127.0.0.1:3000/`. */
  readonly url: string;
  /**
   * Resolves when Redis has answered for the first time. Waits while Redis is away. Rejects with
   * RedisUnavailable when Redis answers and refuses us.
   */
  readonly ready: Promise<void>;
  /**
   * Stops listening, gives requests under way at most 5 s to end, and closes every connection. Safe
   * to call twice.
   */
  close(): Promise<void>;
}

/** How long one round trip to Redis for a page may take: people are waiting. */
const REDIS_TIMEOUT = '3s';
/** How long requests under way may take when the dashboard closes, in milliseconds. */
const CLOSE_MS = 5_000;

/**
 * Starts a dashboard in this process.
 * @example
 * const dashboard = await startDashboard({ redis, password: 'at least twelve characters' });
 * console.log(dashboard.url); // http://0.0.0.0:3000/
 * await dashboard.close();
 * @throws OptionsInvalid or ConfigInvalid with every fault, before anything is opened;
 *   OptionsInvalid when it cannot listen, for example because the port is in use
 */
export async function startDashboard(options: DashboardOptions): Promise<RunningDashboard> {
  const settings = readOptions(options);
  const { prefix, port, host, base } = settings;
  const log = options.logger ?? createLogger();
  const redis = openRedis(options.redis, 'producer', 'bullpen:dashboard', prefix);
  const producer = createProducer({ redis: options.redis, prefix, redisTimeout: REDIS_TIMEOUT });
  const where = showRedis(options.redis);
  const outage = new Outage(redis, where, log);
  const ready = new Promise<void>((resolve, reject) => {
    const refuse = (fault: Error): void => {
      const message = `Redis at ${where} refused us: ${explainRedis(reasonOf(fault), where)}`;
      reject(new RedisUnavailable(message, { cause: fault, unanswered: false }));
    };
    let lastRefusal: Error | undefined;
    redis.once('ready', () => {
      const old = tooOld(redis.server, where);
      if (old !== undefined) return reject(old);
      const evicts = mayEvict(redis.server);
      if (evicts !== undefined) log.warn({ redis: where }, evicts);
      resolve();
    });
    redis.on('error', (error: Error) => {
      if (!isConnectionLoss(error)) lastRefusal = error;
      if (refusesUs(error)) refuse(error);
    });
    // The client also gives up by itself, for example when there is no such database.
    redis.once('end', () => {
      if (lastRefusal !== undefined) refuse(lastRefusal);
    });
  });
  // A caller who does not wait for it gets no unhandled rejection.
  ready.catch(() => undefined);

  let closing: Promise<void> | undefined;
  const isClosing = (): boolean => closing !== undefined;
  const exporter = new Exporter({ redis, prefix, queues: () => queues.names(), log });
  const { app, board } = await buildApp({ ...settings, redis, producer, exporter, outage, isClosing, log });
  const queues = new BoardQueues({
    ...{ redis, prefix, discoverEveryMs: settings.discoverEveryMs, log },
    added: (queue) => board.add(queue),
    removed: (name) => board.remove(name),
  });

  const shutDown = async (): Promise<void> => {
    const cutOff = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
    await app.close().finally(() => clearTimeout(cutOff));
    await exporter.close();
    // Commands that a hanging Redis has not answered end with the connection.
    redis.disconnect();
    await queues.close();
    await producer.close();
  };
  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };
  try {
    await app.listen({ host, port });
  } catch (error) {
    await close();
    throw new OptionsInvalid('cannot start the dashboard', [listenFault(host, port, error)]);
  }
  queues.start();
  const { port: listening } = app.server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}${base}/`, ready, close };
}
