import { fileURLToPath } from 'node:url';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Backoff, type BackoffPolicy, readBackoff } from './backoff.js';
import { type Duration, MAX_TIMER_MS, parseDuration } from './duration.js';
import type { Fault } from './errors/bullpen-error.js';
import { JobDefinitionInvalid } from './errors/call-errors.js';
import { isOptions } from './is-options.js';
import { type OptionTable, optionFaults } from './option-faults.js';
import { isSchema, type Schema } from './schema.js';
import { showValue } from './show-value.js';

/** Options of {@link defineJob}. */
export interface JobOptions<P extends Schema = Schema, R extends Schema = Schema> {
  /**
   * The job's name, unique in the process: 1 to 100 letters, digits, `.`, `_`, `-`, the first a
   * letter: `webhook.deliver`.
   */
  readonly name: string;
  /** The queue it waits on: 1 to 100 letters, digits, `.`, `_`, `-`. Default `'default'`. */
  readonly queue?: string | undefined;
  /** The payload's schema. It parses the payload at enqueue and again before each attempt. */
  readonly payload: P;
  /**
   * The result's schema. It parses what the handler returned. Without a schema, any JSON value (or
   * `undefined`) is a result.
   */
  readonly result?: R | undefined;
  /** How many attempts may fail before the job fails: 1 to 1,000. Default 10. */
  readonly maxAttempts?: number | undefined;
  /**
   * How many worker processes may die under the job before it fails: 1 to 1,000. Default 3. A process
   * that dies with several jobs counts for none of them. They are attempted again one at a time, each
   * beside other jobs, and before its last crash alone, so a job does not fail for another one.
   */
  readonly maxCrashes?: number | undefined;
  /** The wait between attempts. Default: exponential from 1 s, at most 1 h, jitter 0.2. */
  readonly backoff?: Backoff | undefined;
  /** How long one attempt may take. Default `'1m'`, at most 24 days. */
  readonly timeout?: Duration | undefined;
  /**
   * How many rows of a batch share one job on Redis: 1 to 1,000. Default 1. More is faster for
   * small, quick rows. The handler still gets one row per call, one after the other, each with its
   * own deadline, outcome and attempts.
   */
  readonly rowsPerJob?: number | undefined;
  /**
   * A job does not start any more when this time has passed since it was first due. Waits between
   * attempts and snoozes count. Default: it never expires.
   */
  readonly expiresIn?: Duration | undefined;
}

/**
 * A defined job, which producers and workers share. Frozen. Make one with {@link defineJob}: a copy
 * with other values is refused.
 */
export interface JobDefinition<P extends Schema = Schema, R extends Schema = Schema> {
  /** The job's name. */
  readonly name: string;
  /** The queue it waits on. */
  readonly queue: string;
  /** The payload's schema. */
  readonly payload: P;
  /** The result's schema, if it has one. */
  readonly result: R | undefined;
  /** How many attempts may fail before the job fails. */
  readonly maxAttempts: number;
  /** How many worker processes may die under the job before it fails. */
  readonly maxCrashes: number;
  /** The wait between attempts. */
  readonly backoff: BackoffPolicy;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How many rows of a batch share one job on Redis. */
  readonly rowsPerJob: number;
  /** How many milliseconds after it was due the job may still start. `undefined`: for ever. */
  readonly expiresInMs: number | undefined;
  /** Where the definition stands, for messages: `file:line:column`. */
  readonly definedAt: string;
  /**
   * Says that {@link defineJob} made it.
   * @hidden
   */
  readonly [brand]: true;
}

/**
 * The type of the payload that a caller enqueues: the input of the payload schema.
 * @example
 * type Invoice = PayloadInput<typeof sendInvoice>;
 * const invoice: Invoice = { invoice: 'inv_1042', email: 'ada@example.com' };
 */
export type PayloadInput<J extends JobDefinition> = StandardSchemaV1.InferInput<J['payload']>;

/**
 * The type of the payload that a handler gets: the output of the payload schema.
 * @example
 * const describe = ({ invoice, email }: Payload<typeof sendInvoice>) => `${invoice} to ${email}`;
 */
export type Payload<J extends JobDefinition> = StandardSchemaV1.InferOutput<J['payload']>;

/**
 * The type that a handler returns: the input of the result schema; `unknown` without a schema.
 * @example
 * const result: ResultInput<typeof sendInvoice> = { messageId: 'm_17' };
 */
export type ResultInput<J extends JobDefinition> =
  J extends JobDefinition<Schema, infer R> ? StandardSchemaV1.InferInput<R> : unknown;

// A registered symbol, so that two copies of this package accept each other's definitions.
const brand: unique symbol = Symbol.for('bullpen.job') as never;

const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;
const QUEUE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_COUNT = 1_000;

const JOB_OPTIONS: OptionTable<JobOptions> = {
  ...{ name: true, queue: true, payload: true, result: true, maxAttempts: true, maxCrashes: true, backoff: true },
  ...{ timeout: true, rowsPerJob: true, expiresIn: true },
};
// One registry for the process: a worker asks its own copy of this package for the jobs that an app
// has defined with another copy.
const registryKey = Symbol.for('bullpen.jobs');
const shared = globalThis as { [registryKey]?: Map<string, JobDefinition> };
shared[registryKey] ??= new Map();
const registry = shared[registryKey];

/**
 * Defines a job, for producers and workers alike. Define it once, in a module that both import.
 * @throws JobDefinitionInvalid with every fault at once, and the place of the definition
 * @example
 * export const resize = defineJob({
 *   name: 'image.resize',
 *   queue: 'images',
 *   payload: z.object({ url: z.url(), width: z.number().int() }),
 *   timeout: '2m',
 * });
 */
export function defineJob<P extends Schema, R extends Schema = Schema>(options: JobOptions<P, R>): JobDefinition<P, R> {
  const definedAt = callerOf(defineJob);
  const faults: Fault[] = [];
  const fault = (path: string, reason: string): void => void faults.push({ path, reason });
  const duration = (path: string, value: unknown, min = 0): number => {
    const parsed = parseDuration(value);
    if (typeof parsed === 'string') fault(path, parsed);
    else if (parsed < min) fault(path, `expected at least ${min}ms, got ${showValue(value)}`);
    return typeof parsed === 'number' ? parsed : 0;
  };

  const count = (path: string, value: unknown): void => {
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_COUNT) return;
    fault(path, `expected a whole number from 1 to ${MAX_COUNT}, got ${showValue(value)}`);
  };

  faults.push(...optionFaults(options, JOB_OPTIONS, 'defineJob'));
  if (!isOptions(options)) throw new JobDefinitionInvalid(`job at ${definedAt}`, faults);
  const { name, queue = 'default', payload, result, timeout = '1m', expiresIn } = options;
  const { maxAttempts = 10, maxCrashes = 3, rowsPerJob = 1, backoff: wait } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    fault('name', `expected 1 to 100 letters, digits, '.', '_' or '-', the first a letter, got ${showValue(name)}`);
  }
  if (typeof queue !== 'string' || !QUEUE.test(queue)) {
    fault('queue', `expected 1 to 100 letters, digits, '.', '_' or '-', got ${showValue(queue)}`);
  }
  if (!isSchema(payload)) fault('payload', 'expected a Standard Schema, for example a zod object');
  if (result !== undefined && !isSchema(result))
    fault('result', 'expected a Standard Schema, for example a zod object');
  count('maxAttempts', maxAttempts);
  count('maxCrashes', maxCrashes);
  count('rowsPerJob', rowsPerJob);
  const timeoutMs = duration('timeout', timeout, 1);
  if (timeoutMs > MAX_TIMER_MS) fault('timeout', 'expected at most 24 days');
  const expiresInMs = expiresIn === undefined ? undefined : duration('expiresIn', expiresIn, 1);
  const backoff = readBackoff(wait, fault, duration);

  const earlier = registry.get(name);
  // When the same place defines the same name again, a module was loaded twice (hot reload, a
  // test).
  if (earlier !== undefined && earlier.definedAt !== definedAt)
    fault('name', `'${name}' is already defined at ${earlier.definedAt}`);
  if (faults.length > 0) throw new JobDefinitionInvalid(`job ${showValue(name)} at ${definedAt}`, faults);

  const checked = {
    ...{ name, queue, payload, result, maxAttempts, maxCrashes, backoff, timeoutMs, rowsPerJob, expiresInMs },
    definedAt,
  };
  // Not enumerable: a copy with other values (`{ ...job, queue }`) was not checked.
  const job: JobDefinition<P, R> = Object.freeze(Object.defineProperty(checked, brand, { value: true }) as never);
  registry.set(name, job);
  return job;
}

/**
 * Whether {@link defineJob}, of any copy of this package, made `value`.
 * @example
 * console.log(isJob(sendInvoice), isJob({ name: 'invoice.send' })); // true false
 */
export function isJob(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}

/**
 * Returns every job that this process has defined so far. A worker uses it to find jobs on its
 * queues that have no handler.
 */
export function definedJobs(): readonly JobDefinition[] {
  return [...registry.values()];
}

/** The place of the call of `callee`, as `file:line:column`. */
function callerOf(callee: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const frame = holder.stack?.split('\n')[1] ?? '';
  const place = /\(?([^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1]?.replace(/\?[^:]*/, '') ?? 'unknown place';
  return place.startsWith('file:') ? fileURLToPath(place) : place;
}
