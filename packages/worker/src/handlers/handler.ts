import {
  isJob,
  type JobDefinition,
  type Logger,
  OptionsInvalid,
  type Payload,
  type ResultInput,
} from '@bullpen/shared';

/** What a handler gets beside the payload. */
export interface Context {
  readonly jobId: string;
  /** Which attempt this is, counted from 1. Snoozes, drains and crashes do not count. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the job was enqueued, in milliseconds since 1970. */
  readonly enqueuedAt: number;
  /** When the time of this attempt is up, in milliseconds since 1970. */
  readonly deadline: number;
  /**
   * Aborts when the attempt should stop. Pass it on to everything that takes a signal. Its `reason`
   * says why: `DeadlineExceeded`, `JobCancelled`, `WorkerDraining`, `LeaseLost` or
   * `HandlerCrashed`.
   */
  readonly signal: AbortSignal;
  /** A logger whose lines have the fields `job`, `jobId`, `queue` and `attempt`. */
  readonly log: Logger;
  /**
   * Records how far the attempt is, for people to see: any JSON value of at most 16 MiB. Never
   * rejects: what cannot be recorded is logged. Does nothing after the attempt, or in a job that
   * several rows share.
   */
  progress(value: string | number | boolean | object): Promise<void>;
}

/**
 * Your function for one job. What it returns is the result. What it throws fails the attempt: throw
 * `JobRejected` when the job can never succeed, and `JobSnoozed` to be called again later.
 */
export type HandlerFunction<J extends JobDefinition> = (
  payload: Payload<J>,
  context: Context,
) => Promise<ResultInput<J>> | ResultInput<J>;

/** One of the rows that a handler of many gets. */
export interface Row<J extends JobDefinition> {
  readonly payload: Payload<J>;
  /** The id of the row, the same in every attempt. Use it as an idempotency key. */
  readonly id: string;
}

/** What became of one row, in the form of `Promise.allSettled`. */
export type RowOutcome<J extends JobDefinition> = PromiseSettledResult<ResultInput<J>>;

/**
 * Your function for many rows of one job at once. It returns one outcome for each row, in their
 * order; or nothing, when all rows are completed. What it throws fails all rows.
 */
export type ManyHandlerFunction<J extends JobDefinition> = (
  rows: readonly Row<J>[],
  context: Context,
) => Promise<readonly RowOutcome<J>[] | undefined> | readonly RowOutcome<J>[] | undefined | Promise<void> | void;

/**
 * A job and its handler, as {@link handle} or {@link handleMany} pairs them. Give it to
 * `startWorker`.
 */
export type Handler<J extends JobDefinition = JobDefinition> = { readonly job: J; readonly [brand]: true } & (
  | { readonly many: false; readonly run: HandlerFunction<J> }
  | { readonly many: true; readonly run: ManyHandlerFunction<J> }
);

const brand: unique symbol = Symbol.for('bullpen.handler') as never;

/**
 * Pairs a job with its handler.
 * @example
 * ```ts
 * export const sendWelcome = handle(welcomeMail, async ({ to }, { signal, log }) => {
 *   const { messageId } = await mailer.send(to, { signal });
 *   log.info({ messageId }, 'mail sent');
 *   return { messageId };
 * });
 * ```
 * @throws OptionsInvalid when `job` is no job definition or `run` is no function
 */
export function handle<J extends JobDefinition>(job: J, run: HandlerFunction<J>): Handler {
  return pair('handle', job, run, false);
}

/**
 * Pairs a job with a handler that takes many rows of the job at once, for example to write them in
 * bulk. It gets all rows that share a job on Redis (`rowsPerJob` of a batch), and one row
 * otherwise. The timeout is for the whole call. Each row has its own outcome and its own attempts.
 * After a crash the handler gets the rows one by one.
 * @example
 * ```ts
 * export const storeOrders = handleMany(storeOrder, async (rows, { signal }) => {
 *   await db.insertMany(rows.map(({ payload, id }) => ({ ...payload, id })), { signal });
 * });
 * ```
 * @throws OptionsInvalid when `job` is no job definition or `run` is no function
 */
export function handleMany<J extends JobDefinition>(job: J, run: ManyHandlerFunction<J>): Handler {
  return pair('handleMany', job, run, true);
}

function pair(what: string, job: JobDefinition, run: unknown, many: boolean): Handler {
  if (!isJob(job)) throw new OptionsInvalid(what, [{ path: 'job', reason: 'expected what defineJob returns' }]);
  if (typeof run !== 'function') {
    const reason = `expected a function, got ${typeof run}`;
    throw new OptionsInvalid(`${what}(${job.name})`, [{ path: 'run', reason }]);
  }
  // A worker holds handlers of many jobs. Each payload is parsed with the schema of its own job
  // before the handler gets it.
  return Object.freeze({ job, many, run, [brand]: true as const }) as Handler;
}

/**
 * Whether `value` was made by {@link handle} or {@link handleMany}, of any copy of this package.
 */
export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
