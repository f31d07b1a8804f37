import type { ConnectionOptions, RedisConnection } from 'bullmq';
import { bullmq } from './engine.js';

/**
 * The worker's main connection for BullMQ, without BullMQ's check of the server: it asks `INFO` for
 * each queue twice, warns on the console each time, and fails where our user may not ask.
 * `startWorker` has checked the server.
 */
export const connect = (redis: ConnectionOptions): RedisConnection =>
  new bullmq.RedisConnection(redis, { shared: true, blocking: false, skipVersionCheck: true });

/**
 * The name that BullMQ gives to a worker's blocking connection. Tools find workers by this name.
 */
export function connectionName(
  queue: string,
  { prefix, name }: { readonly prefix?: string; readonly name?: string },
): string {
  return `${prefix}:${Buffer.from(queue).toString('base64')}${name === undefined ? '' : `:w:${name}`}`;
}
