import { defineScripts, type Redis, type Script } from '@bullpen/shared/internal';
import { type ConnectionOptions, QueueKeys, type QueueOptions, RedisConnection, RedisQueueBackend } from 'bullmq';
import { cleanJobsInSet } from 'bullmq/dist/cjs/scripts/cleanJobsInSet-3.js';
import { drain } from 'bullmq/dist/cjs/scripts/drain-5.js';
import { pause } from 'bullmq/dist/cjs/scripts/pause-7.js';
import { removeJob } from 'bullmq/dist/cjs/scripts/removeJob-2.js';

type ExecCommand = RedisQueueBackend['execCommand'];

/** BullMQ's scripts that a full Redis must carry out. */
const BULLMQ_SCRIPTS = { cleanJobsInSet, drain, pause, removeJob };

const commandOf = (name: string): string => `bullmq:${name}`;

/** The commands of a {@link BoardBackend}. */
const SCRIPTS: Readonly<Record<string, Script>> = {
  ...Object.fromEntries(
    Object.entries(BULLMQ_SCRIPTS).map(([name, { keys, content }]) => [
      commandOf(name),
      { keys, lua: content, effect: 'frees' },
    ]),
  ),
  bullpenSetMeta: { keys: 1, lua: `return redis.call('HSET', KEYS[1], unpack(ARGV))`, effect: 'frees' },
};

/**
 * BullMQ's backend for a queue of the dashboard. It sends what somebody needs who finds Redis full,
 * with a header that lets Redis carry it out: pause, limits, and the removal of jobs. BullMQ's
 * scripts are refused then, because they write first what needs memory.
 */
export class BoardBackend extends RedisQueueBackend {
  /** Teaches a connection the scripts; once per connection. */
  static define(redis: Redis): void {
    defineScripts(redis, SCRIPTS);
  }

  constructor(name: string, opts: QueueOptions & { readonly connection: ConnectionOptions }) {
    const keys = new QueueKeys(opts.prefix);
    const connection = new RedisConnection(opts.connection, {
      shared: true,
      blocking: false,
      skipVersionCheck: true,
    });
    super(connection, name, keys.getKeys(name), (type) => keys.toKey(name, type), opts);
  }

  override async execCommand(
    ...[client, name, args]: Parameters<ExecCommand>
  ): Promise<Awaited<ReturnType<ExecCommand>>> {
    return name in BULLMQ_SCRIPTS ? client.runCommand(commandOf(name), args) : super.execCommand(client, name, args);
  }

  override async setQueueMeta(values: Parameters<RedisQueueBackend['setQueueMeta']>[0]): Promise<number> {
    const client = await this.queue.client;
    return client.runCommand('bullpenSetMeta', [this.queue.keys['meta'], ...Object.entries(values).flat()]);
  }
}
