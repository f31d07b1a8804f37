import {
  isJob,
  type JobDefinition,
  type Logger,
  OptionsInvalid,
  type Payload,
  type ResultInput,
} from '@bullpen/shared';

/**
 * What a handler gets beside the payload. Its fields are made when they are read, so a copy
 * (`{ ...context }`) has none of them: hand on the context itself.
 */
export interface Context {
  /** The name of the job. */
  readonly job: string;
  /** The queue that the job was on. */
  readonly queue: string;
  /**
   * The id of the job, or of the row: the same on every attempt. Use it as an idempotency key. But
   * where `handleMany` has several rows it is the id of the job that they share for now: use the
   * `id` of each row.
   */
  readonly jobId: string;
  /** The name of the batch. `undefined` for a job that is no row of a batch. */
  readonly batch: string | undefined;
  /**
   * The number of the row in its batch, counted from 1. `undefined` for a job that is no row of a
   * batch, and where `handleMany` has several rows.
   */
  readonly row: number | undefined;
  /** Which attempt this is, counted from 1. Snoozes, drains and crashes do not count. */
  readonly attempt: number;
  /** How many attempts may fail before the job has failed. */
  readonly maxAttempts: number;
  /**
   * When the job was enqueued, in milliseconds since 1970, by Redis' clock. The clock of this host
   * may differ.
   */
  readonly enqueuedAt: number;
  /**
   * When the time of this attempt is up, in milliseconds since 1970, by the clock of this host:
   * compare it with `Date.now()`.
   */
  readonly deadline: number;
  /**
   * Aborts when the attempt should stop. Pass it on to everything that takes a signal. Its `reason`
   * says why: `DeadlineExceeded`, `JobCancelled`, `WorkerDraining`, `LeaseLost` or
   * `HandlerCrashed`.
   */
  readonly signal: AbortSignal;
  /**
   * A logger whose lines have the fields `job`, `jobId`, `queue` and `attempt`, and for a row of a
   * batch `batch` and `row`. Do not log these fields again: the line would have them twice.
   */
  readonly log: Logger;
  /**
   * Records how far the attempt is, for people to see: any JSON value of at most 16 MiB. Resolves
   * when the value, or one that came after it, is recorded: of values that come faster than Redis
   * answers only the last one is sent. Never rejects: what cannot be recorded is logged. Does
   * nothing after the attempt, or in a job that several rows share.
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
  /** The payload of the row. */
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
 * What {@link handle} returns: a job and its handler. Give it to `startWorker`. It is a function,
 * too: a test calls it as a worker would. The call always returns a promise. It checks neither the
 * payload nor the result.
 * @example
 * await invoices({ invoice: 'inv_1042', email: 'ada@example.com' }, testContext());
 */
export interface Handler<J extends JobDefinition> {
  /** Calls your function. */
  (payload: Payload<J>, context: Context): Promise<ResultInput<J>>;
  /** The job that it handles. */
  readonly job: J;
  /** Whether it takes many rows at once. */
  readonly many: false;
  /**
   * Says who made it, and has your function.
   * @hidden
   */
  readonly [brand]: HandlerFunction<J>;
}

/**
 * What {@link handleMany} returns: a job and its handler of many rows. Give it to `startWorker`. It
 * is a function, too: a test calls it as a worker would. The call always returns a promise.
 * @example
 * await storeInvoices([{ id: 'b-march-1', payload: invoice }], testContext());
 */
export interface ManyHandler<J extends JobDefinition> {
  /** Calls your function. */
  (rows: readonly Row<J>[], context: Context): Promise<readonly RowOutcome<J>[] | undefined>;
  /** The job that it handles. */
  readonly job: J;
  /** Whether it takes many rows at once. */
  readonly many: true;
  /**
   * Says who made it, and has your function.
   * @hidden
   */
  readonly [brand]: ManyHandlerFunction<J>;
}

/**
 * What {@link handle} or {@link handleMany} returned, for any job: what `startWorker` takes. `many`
 * says which of the two it was.
 */
export type AnyHandler<Many extends boolean = boolean> = Many extends boolean
  ? {
      /** The job is not known to the compiler, so it takes a cast to call it. */
      (input: never, context: Context): Promise<unknown>;
      /** The job that it handles. */
      readonly job: JobDefinition;
      /** Whether it takes many rows at once. */
      readonly many: Many;
      /** @hidden */
      readonly [brand]: (input: never, context: Context) => unknown;
    }
  : never;

const brand: unique symbol = Symbol.for('bullpen.handler') as never;

/**
 * Pairs a job with its handler.
 * @example
 * export const invoices = handle(sendInvoice, async ({ email }, { signal, log }) => {
 *   const { messageId } = await mailer.send(email, { signal });
 *   log.info({ messageId }, 'mail sent');
 *   return { messageId };
 * });
 * @throws OptionsInvalid when `job` is no job definition or `run` is no function
 */
export function handle<J extends JobDefinition>(job: J, run: HandlerFunction<J>): Handler<J> {
  return pair('handle', job, run, false) as Handler<J>;
}

/**
 * Pairs a job with a handler that takes many rows of the job at once, for example to write them in
 * bulk. It gets all rows that share a job on Redis (`rowsPerJob` of a batch), and one row
 * otherwise. The timeout is for the whole call. Each row has its own outcome and its own attempts.
 * After a crash the handler gets the rows one by one.
 * @example
 * export const storeInvoices = handleMany(sendInvoice, async (rows, { signal }) => {
 *   await db.insertMany(rows.map(({ payload, id }) => ({ ...payload, id })), { signal });
 * });
 * @throws OptionsInvalid when `job` is no job definition or `run` is no function
 */
export function handleMany<J extends JobDefinition>(job: J, run: ManyHandlerFunction<J>): ManyHandler<J> {
  return pair('handleMany', job, run, true) as ManyHandler<J>;
}

function pair(
  what: string,
  job: JobDefinition,
  run: (input: never, context: Context) => unknown,
  many: boolean,
): unknown {
  if (!isJob(job)) throw new OptionsInvalid(what, [{ path: 'job', reason: 'expected what defineJob returns' }]);
  if (typeof run !== 'function') {
    const reason = `expected a function, got ${typeof run}`;
    throw new OptionsInvalid(`${what}(${job.name})`, [{ path: 'run', reason }]);
  }
  // A function of its own: the same function may handle two jobs. Asynchronous, so that a test can
  // expect a rejection, also of a function that throws at once.
  const handler = async (input: unknown, context: Context): Promise<unknown> => run(input as never, context);
  return Object.freeze(Object.assign(handler, { job, many, [brand]: run }));
}

/**
 * The function that a handler was made of. A worker calls it, because it needs no promise of a
 * function that makes none.
 */
export const functionOf = (handler: AnyHandler): ((input: never, context: Context) => unknown) => handler[brand];

/**
 * Whether `value` was made by {@link handle} or {@link handleMany}, of any copy of this package.
 */
export function isHandler(value: unknown): value is AnyHandler {
  return typeof value === 'function' && typeof (value as { [brand]?: unknown })[brand] === 'function';
}
