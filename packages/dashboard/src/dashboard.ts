import type { AddressInfo } from 'node:net';
import { createProducer } from '@bullpen/producer';
import { createLogger, RedisUnavailable } from '@bullpen/shared';
import { Exporter, isConnectionLoss, openRedis, refusesUs, showRedis } from '@bullpen/shared/internal';
import { buildApp } from './app.js';
import { BoardQueues } from './board/queues.js';
import { type DashboardOptions, readOptions } from './options.js';

/** A dashboard that listens. */
export interface RunningDashboard {
  /** Where it is, with the base path: `http://127.0.0.1:3000/`. */
  readonly url: string;
  /**
   * Resolves when Redis has answered for the first time; rejects with RedisUnavailable when it
   * answered and refuses us. An absent Redis is waited for.
   */
  readonly ready: Promise<void>;
  /**
   * Stops listening, lets requests under way end for at most 5 s, closes every connection. Safe to
   * call twice.
   */
  close(): Promise<void>;
}

/** How long one trip to Redis for a page may take: people are waiting. */
const REDIS_TIMEOUT = '3s';
/** After this long without Redis people are told, in milliseconds. */
const SAY_AFTER_MS = 1_000;
/** How long requests under way may still take when the dashboard closes, in milliseconds. */
const CLOSE_WITHIN_MS = 5_000;

/**
 * Starts a dashboard in this process.
 * @throws OptionsInvalid or ConfigInvalid with every fault, before anything is opened; what Node
 *   says when the port is taken
 */
export async function startDashboard(options: DashboardOptions): Promise<RunningDashboard> {
  const settings = readOptions(options);
  const { prefix, port, host, base } = settings;
  const log = options.logger ?? createLogger();
  const redis = openRedis(options.redis, 'producer', 'bullpen:dashboard', prefix);
  const producer = createProducer({ redis: options.redis, prefix, redisTimeout: REDIS_TIMEOUT });
  const ready = new Promise<void>((resolve, reject) => {
    const refuse = (fault: Error): void => {
      const message = `Redis at ${showRedis(options.redis)} refused us: ${fault.message}`;
      reject(new RedisUnavailable(message, { cause: fault, unanswered: false }));
    };
    let last: Error | undefined;
    redis.once('ready', resolve);
    redis.on('error', (error: Error) => {
      if (!isConnectionLoss(error)) last = error;
      if (refusesUs(error)) refuse(error);
    });
    // A client that gives up by itself: there is no such database, say.
    redis.once('end', () => {
      if (last !== undefined) refuse(last);
    });
  });
  ready.catch(() => undefined);

  let closing: Promise<void> | undefined;
  const isClosing = (): boolean => closing !== undefined;
  const exporter = new Exporter({ redis, prefix, queues: () => queues.names() });
  const { app, board } = await buildApp({ ...settings, redis, producer, exporter, isClosing, log });
  const queues = new BoardQueues({
    ...{ redis, prefix, discoverEveryMs: settings.discoverEveryMs, log },
    added: (queue) => board.add(queue),
    removed: (name) => board.remove(name),
  });

  const shutDown = async (): Promise<void> => {
    const cutOff = setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS);
    await app.close().finally(() => clearTimeout(cutOff));
    await exporter.close();
    // What a Redis that hangs was asked ends with the connection.
    redis.disconnect();
    await queues.close();
    await producer.close();
  };
  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };
  const sayWhenAbsent = (): void => {
    const timer = setTimeout(() => log.warn({ redis: showRedis(options.redis) }, 'waiting for Redis'), SAY_AFTER_MS);
    ready.catch(() => undefined).finally(() => clearTimeout(timer));
    timer.unref();
  };
  try {
    await app.listen({ host, port });
  } catch (error) {
    await close();
    throw error;
  }
  queues.start();
  if (redis.status !== 'ready') sayWhenAbsent();
  const { port: listening } = app.server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}${base}/`, ready, close };
}
