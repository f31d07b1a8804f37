import { type ConnectionOptions, RedisConnection } from 'bullmq';

/**
 * BullMQ's connection, without its check of the server: it asks `INFO` for each queue twice, warns
 * on the console each time, and fails where our user may not ask. `startWorker` has checked the
 * server. An unchecked server counts as Redis 5, which cannot wait for a part of a second.
 */
export function connect(
  redis: ConnectionOptions,
  options: { readonly shared: boolean; readonly blocking: boolean },
): RedisConnection {
  const connection = new RedisConnection(redis, { ...options, skipVersionCheck: true });
  connection.client.then(
    () => {
      connection.capabilities.canDoubleTimeout = true;
    },
    () => undefined,
  );
  return connection;
}

/**
 * The name that BullMQ gives to a worker's blocking connection. Tools find workers by this name.
 */
export function connectionName(
  queue: string,
  { prefix, name }: { readonly prefix?: string; readonly name?: string },
): string {
  return `${prefix}:${Buffer.from(queue).toString('base64')}${name === undefined ? '' : `:w:${name}`}`;
}
