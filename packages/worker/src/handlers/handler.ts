import {
  isJob,
  type JobDefinition,
  type Logger,
  OptionsInvalid,
  type Payload,
  type ResultInput,
} from '@bullpen/shared';

/** What a handler knows of its attempt, beside the payload. */
export interface Context {
  readonly jobId: string;
  /** Which attempt this is, counted from 1. Snoozes, drains and crashes do not count. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the job was enqueued, in milliseconds since 1970. */
  readonly enqueuedAt: number;
  /** When this attempt's time is up, in milliseconds since 1970. */
  readonly deadline: number;
  /**
   * Aborts when the attempt should stop; pass it on to everything that takes one. Its `reason` says
   * why: `DeadlineExceeded`, `JobCancelled`, `WorkerDraining` or `LeaseLost`.
   */
  readonly signal: AbortSignal;
  /** A logger that knows the job. */
  readonly log: Logger;
  /** Records how far the attempt is: any JSON value. Does nothing once the attempt is over. */
  progress(value: string | number | boolean | object): Promise<void>;
}

/**
 * A team's function for one job. What it returns is the result; what it throws fails the attempt.
 */
export type HandlerFunction<J extends JobDefinition> = (
  payload: Payload<J>,
  context: Context,
) => Promise<ResultInput<J>> | ResultInput<J>;

/** One of the rows that a handler of many is given. */
export interface Row<J extends JobDefinition> {
  readonly payload: Payload<J>;
  /** What the row is known by, the same on every attempt: an idempotency key. */
  readonly id: string;
}

/** What became of one row: as `Promise.allSettled` says it. */
export type RowOutcome<J extends JobDefinition> = PromiseSettledResult<ResultInput<J>>;

/**
 * A team's function for many rows of one job at once. It returns one outcome for each row, in their
 * order; nothing, when all of them are completed. What it throws fails all of them.
 */
export type ManyHandlerFunction<J extends JobDefinition> = (
  rows: readonly Row<J>[],
  context: Context,
) => Promise<readonly RowOutcome<J>[] | undefined> | readonly RowOutcome<J>[] | undefined | Promise<void> | void;

/** A job and its handler, as {@link handle} or {@link handleMany} pairs them. */
export type Handler<J extends JobDefinition = JobDefinition> = { readonly job: J; readonly [brand]: true } & (
  | { readonly many: false; readonly run: HandlerFunction<J> }
  | { readonly many: true; readonly run: ManyHandlerFunction<J> }
);

const brand: unique symbol = Symbol.for('bullpen.handler') as never;

/**
 * Pairs a job with its handler.
 * @throws OptionsInvalid when `job` is not a job definition or `run` not a function
 */
export function handle<J extends JobDefinition>(job: J, run: HandlerFunction<J>): Handler {
  check('handle', job, run);
  // A worker holds handlers of many jobs; the payload it hands to each was parsed with that job's
  // own schema.
  return Object.freeze({
    job,
    many: false,
    run: run as unknown as HandlerFunction<JobDefinition>,
    [brand]: true as const,
  });
}

/**
 * Pairs a job with a handler that takes the rows of a job all at once, to write them in bulk: as
 * many as share a job (`rowsPerJob`), one otherwise. The timeout is that of the whole call; each
 * row has its own outcome and its own attempts. After a crash the rows that were in it are given to
 * it one by one.
 * @throws OptionsInvalid when `job` is not a job definition or `run` not a function
 */
export function handleMany<J extends JobDefinition>(job: J, run: ManyHandlerFunction<J>): Handler {
  check('handleMany', job, run);
  return Object.freeze({
    job,
    many: true,
    run: run as unknown as ManyHandlerFunction<JobDefinition>,
    [brand]: true as const,
  });
}

function check(what: string, job: JobDefinition, run: unknown): void {
  if (!isJob(job)) throw new OptionsInvalid(what, [{ path: 'job', reason: 'expected what defineJob returns' }]);
  if (typeof run !== 'function') {
    const reason = `expected a function, got ${typeof run}`;
    throw new OptionsInvalid(`${what}(${job.name})`, [{ path: 'run', reason }]);
  }
}

/** Whether `value` was made by {@link handle}, of whichever copy of this package. */
export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
