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
   * Aborts when the attempt should stop; pass it on to everything that takes one. Its `reason` says why: `DeadlineExceeded`,
   * `JobCancelled`, `WorkerDraining` or `LeaseLost`.
   */
  readonly signal: AbortSignal;
  /** A logger that knows the job. */
  readonly log: Logger;
  /** Records how far the attempt is: any JSON value. Does nothing once the attempt is over. */
  progress(value: string | number | boolean | object): Promise<void>;
}

/** A team's function for one job. What it returns is the result; what it throws fails the attempt. */
export type HandlerFunction<J extends JobDefinition> = (
  payload: Payload<J>,
  context: Context,
) => Promise<ResultInput<J>> | ResultInput<J>;

/** A job and its handler, as {@link handle} pairs them. */
export interface Handler<J extends JobDefinition = JobDefinition> {
  readonly job: J;
  readonly run: HandlerFunction<J>;
  readonly [brand]: true;
}

const brand: unique symbol = Symbol.for('bullpen.handler') as never;

/**
 * Pairs a job with its handler.
 * @throws OptionsInvalid when `job` is not a job definition or `run` not a function
 */
export function handle<J extends JobDefinition>(job: J, run: HandlerFunction<J>): Handler {
  if (!isJob(job)) throw new OptionsInvalid('handle', [{ path: 'job', reason: 'expected what defineJob returns' }]);
  if (typeof run !== 'function') {
    throw new OptionsInvalid(`handle(${job.name})`, [
      { path: 'run', reason: `expected a function, got ${typeof run}` },
    ]);
  }
  // A worker holds handlers of many jobs; the payload it hands to each was parsed with that job's own schema.
  return Object.freeze({ job, run: run as unknown as HandlerFunction<JobDefinition>, [brand]: true as const });
}

/** Whether `value` was made by {@link handle}, of whichever copy of this package. */
export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
