import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Backoff, BackoffPolicy } from './backoff.js';
import { type Duration, MAX_TIMER_MS, parseDuration } from './duration.js';
import { type Fault, JobDefinitionInvalid } from './errors.js';
import { isSchema, type Schema } from './schema.js';
import { showValue } from './show-value.js';

/** What a team says about a job, once. */
export interface JobOptions<P extends Schema = Schema, R extends Schema = Schema> {
  /**
   * Unique in the process. Letters, digits, `.`, `_`, `-`; starts with a letter: `webhook.deliver`.
   */
  readonly name: string;
  /** The queue it waits on. Letters, digits, `.`, `_`, `-`. Default `'default'`. */
  readonly queue?: string;
  /** The payload's schema; parsed when enqueued and again before each attempt. */
  readonly payload: P;
  /**
   * The result's schema, parsed after each attempt. Without one, any JSON value (or nothing) is a
   * result.
   */
  readonly result?: R;
  /** How many attempts may fail before the job has failed. 1 to 1000, default 10. */
  readonly maxAttempts?: number;
  /** How many worker processes may die under the job before it has failed. 1 to 1000, default 3. */
  readonly maxCrashes?: number;
  /** The wait between attempts. Default exponential from 1 s, at most 1 h, with a jitter of 0.2. */
  readonly backoff?: Backoff;
  /** How long one attempt may take. Default `'1m'`, at most 24 days. */
  readonly timeout?: Duration;
  /**
   * How many rows of a batch go into one job on Redis, 1 to 1,000; default 1. For small, quick
   * rows. The handler is called for each row all the same; one after the other, each with its own
   * deadline, outcome and attempts.
   */
  readonly rowsPerJob?: number;
  /** A job that waited longer than this must not start any more. Default: never expires. */
  readonly expiresIn?: Duration;
}

/** A job, defined: what producers and workers share. Frozen. Make one with {@link defineJob}. */
export interface JobDefinition<P extends Schema = Schema, R extends Schema = Schema> {
  readonly name: string;
  readonly queue: string;
  readonly payload: P;
  readonly result: R | undefined;
  readonly maxAttempts: number;
  readonly maxCrashes: number;
  readonly backoff: BackoffPolicy;
  readonly timeoutMs: number;
  readonly rowsPerJob: number;
  readonly expiresInMs: number | undefined;
  /** `file:line:column` of the definition, for messages. */
  readonly definedAt: string;
  readonly [brand]: true;
}

/** What a caller enqueues: the input side of the payload schema. */
export type PayloadInput<J extends JobDefinition> = StandardSchemaV1.InferInput<J['payload']>;
/** What a handler gets: the output side of the payload schema. */
export type Payload<J extends JobDefinition> = StandardSchemaV1.InferOutput<J['payload']>;
/**
 * What a handler returns: the input side of the result schema; anything (or nothing) without one.
 */
export type ResultInput<J extends JobDefinition> =
  J extends JobDefinition<Schema, infer R> ? StandardSchemaV1.InferInput<R> : unknown;

// A registered symbol, not a private one: two copies of this package still know each other's
// definitions.
const brand: unique symbol = Symbol.for('bullpen.job') as never;

const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;
const QUEUE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_TIMES = 1000;

// One for the process, not one for each copy of this package: a worker asks its own copy which jobs
// an app has defined with another.
const registry = Symbol.for('bullpen.jobs');
const shelf = globalThis as { [registry]?: Map<string, JobDefinition> };
shelf[registry] ??= new Map();
const defined = shelf[registry];

/**
 * Defines a job.
 * @throws JobDefinitionInvalid with every fault at once, saying what is wrong and where
 */
export function defineJob<P extends Schema, R extends Schema = Schema>(options: JobOptions<P, R>): JobDefinition<P, R> {
  const definedAt = callerOf(defineJob);
  const faults: Fault[] = [];
  const fault = (path: string, reason: string): void => void faults.push({ path, reason });
  const duration = (path: string, value: unknown, least = 0): number => {
    const parsed = parseDuration(value);
    if (typeof parsed === 'string') fault(path, parsed);
    else if (parsed < least) fault(path, `must be at least ${least} ms, got ${parsed}`);
    return typeof parsed === 'number' ? parsed : 0;
  };

  const times = (path: string, value: unknown): void => {
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_TIMES) return;
    fault(path, `expected a whole number from 1 to ${MAX_TIMES}, got ${showValue(value)}`);
  };

  const { name, queue = 'default', payload, result, timeout = '1m', expiresIn } = options;
  const { maxAttempts = 10, maxCrashes = 3, rowsPerJob = 1 } = options;
  if (typeof name !== 'string' || !NAME.test(name)) {
    fault('name', `expected 1 to 100 letters, digits, '.', '_' or '-', the first a letter, got ${showValue(name)}`);
  }
  if (typeof queue !== 'string' || !QUEUE.test(queue)) {
    fault('queue', `expected 1 to 100 letters, digits, '.', '_' or '-', got ${showValue(queue)}`);
  }
  if (!isSchema(payload)) fault('payload', 'expected a Standard Schema, for example a zod object');
  if (result !== undefined && !isSchema(result))
    fault('result', 'expected a Standard Schema, for example a zod object');
  times('maxAttempts', maxAttempts);
  times('maxCrashes', maxCrashes);
  times('rowsPerJob', rowsPerJob);
  const timeoutMs = duration('timeout', timeout, 1);
  if (timeoutMs > MAX_TIMER_MS) fault('timeout', 'no attempt can be timed for longer than 24 days');
  const expiresInMs = expiresIn === undefined ? undefined : duration('expiresIn', expiresIn, 1);
  const backoff = readBackoff(options.backoff ?? { type: 'exponential', delay: '1s' }, fault, duration);

  const twin = defined.get(name);
  // The same place defining the same name again is a module loaded twice (hot reload, a test), not
  // a clash.
  if (twin !== undefined && twin.definedAt !== definedAt)
    fault('name', `'${name}' is already defined at ${twin.definedAt}`);
  if (faults.length > 0) throw new JobDefinitionInvalid(`job ${showValue(name)} at ${definedAt}`, faults);

  const job: JobDefinition<P, R> = Object.freeze({
    ...{
      name,
      queue,
      payload,
      result,
      maxAttempts,
      maxCrashes,
      backoff,
      timeoutMs,
      rowsPerJob,
      expiresInMs,
      definedAt,
    },
    [brand]: true as const,
  });
  defined.set(name, job);
  return job;
}

/** Whether `value` was made by {@link defineJob}, of whichever copy of this package. */
export function isJob(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}

/**
 * Every job defined in this process so far. A worker uses it to notice jobs on its queues that
 * nobody handles.
 */
export function definedJobs(): readonly JobDefinition[] {
  return [...defined.values()];
}

function readBackoff(
  backoff: Backoff,
  fault: (path: string, reason: string) => void,
  duration: (path: string, value: unknown) => number,
): BackoffPolicy {
  const { type, delay, jitter = 0.2 } = backoff;
  if (type !== 'fixed' && type !== 'exponential') {
    fault('backoff.type', `expected 'fixed' or 'exponential', got ${showValue(type)}`);
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    fault('backoff.jitter', `expected a number from 0 to 1, got ${showValue(jitter)}`);
  }
  const delayMs = duration('backoff.delay', delay);
  const maxDelay = type === 'exponential' ? (backoff.maxDelay ?? '1h') : delay;
  const maxDelayMs = duration('backoff.maxDelay', maxDelay);
  if (type === 'exponential' && maxDelayMs < delayMs) {
    fault('backoff.maxDelay', `must not be below backoff.delay (${delayMs} ms), got ${maxDelayMs} ms`);
  }
  return Object.freeze({ type, delayMs, maxDelayMs, jitter });
}

/** Where the caller of `callee` stands, as `file:line:column`. */
function callerOf(callee: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const frame = holder.stack?.split('\n')[1] ?? '';
  return /\(?([^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1]?.replace(/\?[^:]*/, '') ?? 'unknown place';
}
