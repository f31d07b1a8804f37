import { OptionsInvalid } from '@bullpen/shared';
import {
  DEFAULT_PREFIX,
  defineScripts,
  eventsFaults,
  fetchTime,
  isOptions,
  type OptionTable,
  openRedis,
  optionFaults,
  parseTimerDuration,
  prefixFault,
  type Redis,
  type Script,
  showRedis,
  showValue,
} from '@bullpen/shared/internal';
import { callRedis } from './enqueue/call-redis.js';
import { EventsDeclaration } from './enqueue/declare-events.js';
import { enqueueOne } from './enqueue/enqueue-one.js';
import { INSERT_JOBS_SCRIPT } from './enqueue/insert-jobs-script.js';
import { JobSender } from './enqueue/job-sender.js';
import { OpenCalls } from './enqueue/open-calls.js';
import type { JobCommands, JobsRedis } from './enqueue/producer-redis.js';
import type { QueueAccess, RedisAccess } from './enqueue/redis-access.js';
import { SharedConnection } from './enqueue/shared-connection.js';
import { DEFAULT_REDIS_TIMEOUT, type Producer, type ProducerOptions } from './producer.js';

/** A producer that enqueues single jobs, and what its other calls are made of. */
export interface OpenProducer<R extends JobsRedis>
  extends Pick<Producer, 'enqueue' | 'time' | 'close'>,
    RedisAccess<R>,
    QueueAccess<R> {
  readonly calls: OpenCalls;
}

/** The scripts of a producer that enqueues single jobs. */
export const JOB_SCRIPTS: { readonly [Name in keyof JobCommands]: Script } = {
  bullpenInsertJobs: { keys: 1, lua: INSERT_JOBS_SCRIPT, effect: 'adds' },
};

/** Teaches a connection these scripts; once per connection. */
export const defineJobCommands = (redis: Redis): JobsRedis => defineScripts<JobCommands>(redis, JOB_SCRIPTS);

/**
 * Opens a producer that enqueues single jobs. `createProducer` adds the other calls; the command
 * `enqueue` does without them, because to load them takes longer than to enqueue a job.
 * @param define teaches the connection the scripts
 * @throws what `createProducer` throws
 */
export function openProducer<R extends JobsRedis>(
  options: ProducerOptions,
  define: (redis: Redis) => R,
): OpenProducer<R> {
  const { redis: address, prefix, timeoutMs, events } = readOptions(options);
  const redis = define(openRedis(address, 'producer', 'bullpen:producer', prefix));

  const connection = new SharedConnection(redis);
  const calls = new OpenCalls();
  const callOptions = { timeoutMs, address: showRedis(address) };
  const ask = <T>(command: (redis: R) => Promise<T>): Promise<T> =>
    callRedis(connection, callOptions, () => command(redis));
  const declaration = new EventsDeclaration(events, { prefix, ask });
  const insertInto = async <T>(queue: string, command: (redis: R) => Promise<T>): Promise<T> => {
    const declaring = declaration.declare(queue);
    if (declaring !== undefined) await declaring;
    return ask(command);
  };
  const sender = new JobSender({ prefix, insertInto });

  return {
    ...{ prefix, calls, ask, insertInto },
    enqueue: (job, payload, options) => enqueueOne({ calls, sender }, job, payload, options),
    time: () => calls.run(() => ask(fetchTime)),
    async close() {
      await calls.close();
      connection.close();
    },
  };
}

const OPTIONS: OptionTable<ProducerOptions> = { redis: true, prefix: true, redisTimeout: true, events: true };

/**
 * Checks the options that `openRedis` does not check, and fills in the defaults.
 * @throws OptionsInvalid with every fault
 */
function readOptions(options: ProducerOptions) {
  const faults = optionFaults(options, OPTIONS, 'createProducer');
  // Without an object nothing else can be read.
  if (!isOptions(options)) throw new OptionsInvalid('cannot create the producer', faults);
  const { redis, prefix = DEFAULT_PREFIX, redisTimeout = DEFAULT_REDIS_TIMEOUT, events } = options;
  const timeoutMs = parseTimerDuration(redisTimeout);
  if (typeof timeoutMs === 'string') faults.push({ path: 'redisTimeout', reason: timeoutMs });
  else if (timeoutMs === 0)
    faults.push({ path: 'redisTimeout', reason: `expected at least 1ms, got ${showValue(redisTimeout)}` });
  const wrongPrefix = prefixFault(prefix);
  if (wrongPrefix !== undefined) faults.push({ path: 'prefix', reason: wrongPrefix });
  faults.push(...eventsFaults(events));
  if (faults.length > 0) throw new OptionsInvalid('cannot create the producer', faults);
  return { redis, prefix, timeoutMs: Number(timeoutMs), events };
}
