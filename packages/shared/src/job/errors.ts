import { readSnoozeTime, type SnoozeTime } from './snooze-time.js';

/**
 * The base of all errors of Bullpen. Each is named for the fact and has a stable `code`. Compare
 * the code, with {@link hasCode}: a process may hold two copies of this package, and `instanceof`
 * knows only the classes of one copy.
 * @example
 * if (error instanceof BullpenError) console.error(error.code, error.message);
 */
export abstract class BullpenError extends Error {
  /** Stable across releases. Messages are not. */
  abstract readonly code: `BULLPEN_${string}`;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One fault of a value: where it is, and the reason. */
export interface Fault {
  /** The path to it, with dots: `items.0.price`. Empty for the value itself. */
  readonly path: string;
  /** What is wrong, in words. */
  readonly reason: string;
}

/** Which batch is meant. */
export interface BatchRef {
  /** The name of the batch. */
  readonly name: string;
  /** The queue of its jobs. Needed only when several queues have a batch of this name. */
  readonly queue?: string | undefined;
}

/** Writes faults on one line: `path: reason; path: reason`. */
export const listFaults = (faults: readonly Fault[]): string =>
  faults.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; ');

/**
 * The base of errors that list every fault of a value.
 * @example
 * if (error instanceof FaultyValue) console.error(error.faults); // [{ path: 'email', reason }]
 */
export abstract class FaultyValue extends BullpenError {
  /** The beginning of the message, before the list of faults. */
  readonly subject: string;
  /** Every fault that was found. */
  readonly faults: readonly Fault[];

  constructor(subject: string, faults: readonly Fault[]) {
    super(`${subject}: ${listFaults(faults)}`);
    this.subject = subject;
    this.faults = faults;
  }
}

/**
 * `defineJob` throws it: the definition is wrong. It lists all faults.
 * @example
 * if (hasCode(error, 'BULLPEN_JOB_DEFINITION_INVALID')) console.error(error.faults);
 */
export class JobDefinitionInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_DEFINITION_INVALID';
}

/**
 * The payload does not fit the job's schema. Nothing was enqueued.
 * @example
 * if (hasCode(error, 'BULLPEN_PAYLOAD_INVALID')) console.error(error.faults); // [{ path, reason }]
 */
export class PayloadInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_PAYLOAD_INVALID';
}

/**
 * The handler's result does not fit the job's result schema, or is not JSON.
 * @example
 * if (failed.error.name === 'ResultInvalid') console.error(failed.error.message);
 */
export class ResultInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_RESULT_INVALID';
}

/**
 * Flags, environment variables or an address of Redis are wrong. It lists all faults.
 * @example
 * if (hasCode(error, 'BULLPEN_CONFIG_INVALID')) process.exitCode = 64;
 */
export class ConfigInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_CONFIG_INVALID';
}

/**
 * Options of a function of Bullpen are wrong. It lists all faults.
 * @example
 * if (hasCode(error, 'BULLPEN_OPTIONS_INVALID')) console.error(error.faults); // [{ path, reason }]
 */
export class OptionsInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_OPTIONS_INVALID';
}

/**
 * A module named on the command line cannot be loaded, or lacks an export that is needed.
 * @example
 * if (hasCode(error, 'BULLPEN_MODULE_INVALID')) process.exitCode = 64;
 */
export class ModuleInvalid extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_MODULE_INVALID';
}

/**
 * The source of a batch cannot be read: there is no such file, it is a folder, its format is
 * unknown.
 * @example
 * if (hasCode(error, 'BULLPEN_SOURCE_INVALID')) console.error(error.message); // there is no file …
 */
export class SourceInvalid extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_SOURCE_INVALID';
  /** The batch that was begun with another source. `undefined` when the source itself is wrong. */
  readonly batch: BatchRef | undefined;

  constructor(message: string, options: ErrorOptions & { readonly batch?: BatchRef } = {}) {
    super(message, options);
    this.batch = options.batch;
  }
}

/**
 * Redis did not execute our commands within the time limit, or refused them. Nothing is sent later.
 * It is always safe to enqueue again with the same `key`.
 * @example
 * if (hasCode(error, 'BULLPEN_REDIS_UNAVAILABLE')) process.exitCode = 69;
 */
export class RedisUnavailable extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_REDIS_UNAVAILABLE';
  /** Whether a command was sent that Redis never answered: it may have been executed or not. */
  readonly unanswered: boolean;

  constructor(message: string, options: ErrorOptions & { unanswered: boolean }) {
    super(message, options);
    this.unanswered = options.unanswered;
  }
}

/**
 * The queue already has `maxWaiting` waiting jobs or more. Nothing was enqueued.
 * @example
 * if (hasCode(error, 'BULLPEN_QUEUE_FULL')) response.statusCode = 503;
 */
export class QueueFull extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_QUEUE_FULL';

  constructor(queue: string, maxWaiting: number) {
    super(`queue '${queue}' is full: ${maxWaiting} jobs or more wait on it; nothing was enqueued`);
  }
}

/**
 * A batch with this name exists already, and it is a different one: of another job, from another
 * source, or read with other options. Nothing was enqueued.
 * @example
 * if (hasCode(error, 'BULLPEN_BATCH_CONFLICT')) console.error(error.batch.name, error.faults);
 */
export class BatchConflict extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_BATCH_CONFLICT';
  /** Which batch. An error's own `name` is the name of its class. */
  readonly batch: BatchRef;
  /** The beginning of the message, before the list of differences. */
  readonly subject: string;
  /** The differences: the option as `path`, its old and its new value as `reason`. */
  readonly faults: readonly Fault[];

  constructor(batch: BatchRef, subject: string, faults: readonly Fault[] = []) {
    const list = faults.map(({ path, reason }) => `${path} ${reason}`).join('; ');
    super(faults.length === 0 ? subject : `${subject}: ${list}. Give it another name.`);
    this.batch = batch;
    this.subject = subject;
    this.faults = faults;
  }
}

/**
 * There is no batch with this name, or its books have expired.
 * @example
 * if (hasCode(error, 'BULLPEN_BATCH_UNKNOWN')) response.statusCode = 404;
 */
export class BatchUnknown extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_BATCH_UNKNOWN';
  /** Which batch, as it was asked for. An error's own `name` is the name of its class. */
  readonly batch: BatchRef;

  constructor(batch: BatchRef, message: string) {
    super(message);
    this.batch = batch;
  }
}

/**
 * The producer was closed before this call.
 * @example
 * if (hasCode(error, 'BULLPEN_PRODUCER_CLOSED')) response.statusCode = 503; // we are shutting down
 */
export class ProducerClosed extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_PRODUCER_CLOSED';
}

/**
 * A handler throws it: the job can never succeed. It is not attempted again.
 * @example
 * if (response.status === 410) throw new JobRejected('the endpoint is gone');
 */
export class JobRejected extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_REJECTED';
}

/**
 * A handler throws it to be called again later. It spends no attempt.
 * @example
 * if (response.status === 429) throw new JobSnoozed({ in: '5m' }, 'too many calls');
 * if (opensAt > new Date()) throw new JobSnoozed({ until: opensAt });
 */
export class JobSnoozed extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_SNOOZED';
  /** When the job may start again, in milliseconds since 1970. */
  readonly untilAt: number;

  /**
   * @param time `{ in: '5m' }`, a duration from now, or `{ until: date }`, a `Date` in the future
   * @param message why, for logs
   * @throws OptionsInvalid for anything else. Inside a handler this fails the attempt: a number
   *   that was meant as seconds must not become a loop
   */
  constructor(time: SnoozeTime, message = 'the handler asked to be called again later') {
    super(message);
    const untilAt = readSnoozeTime(time, Date.now());
    if (typeof untilAt === 'string') throw new OptionsInvalid('new JobSnoozed', [{ path: '', reason: untilAt }]);
    this.untilAt = untilAt;
  }
}

/**
 * The attempt's deadline passed, so the attempt failed. It is the `reason` of the handler's signal.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_DEADLINE_EXCEEDED')) log.warn('too slow');
 */
export class DeadlineExceeded extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_DEADLINE_EXCEEDED';
  /** How long the attempt could take, in milliseconds. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`the attempt did not finish within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/**
 * The job's expiry passed while it waited. Its handler was not called.
 * @example
 * if (failed.error.name === 'JobExpired') console.error(failed.error.message);
 */
export class JobExpired extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_EXPIRED';

  constructor(expiresAt: number) {
    super(`the job expired at ${new Date(expiresAt).toISOString()}, before its handler started`);
  }
}

/**
 * Someone cancelled the job. In a running attempt it is the `reason` of the handler's signal.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_JOB_CANCELLED')) log.info('nobody wants it any more');
 */
export class JobCancelled extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_CANCELLED';

  constructor() {
    super('the job was cancelled');
  }
}

/**
 * The worker is draining, and the time that it gives to active attempts is over. The job is handed
 * back and spends no attempt. It is the `reason` of the handler's signal.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_WORKER_DRAINING')) log.info('starts again elsewhere');
 */
export class WorkerDraining extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_WORKER_DRAINING';

  constructor() {
    super('the worker is draining; the job goes back to its queue');
  }
}

/**
 * The worker lost its right to the job: another worker may be attempting it now. It is the `reason`
 * of the handler's signal.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_LEASE_LOST')) log.warn('another worker may have the job');
 */
export class LeaseLost extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_LEASE_LOST';

  constructor() {
    super('the worker lost its lease on the job; another worker may be attempting it');
  }
}

/**
 * Too many worker processes died, or stood still for longer than their lease, while they attempted
 * the job. Its handler was not called again.
 * @example
 * if (failed.error.name === 'JobCrashed') console.error(failed.error.message);
 */
export class JobCrashed extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_CRASHED';
  /** How many processes died, or stood still, while they attempted the job. */
  readonly crashes: number;

  constructor(crashes: number) {
    super(`${crashes} worker ${crashes === 1 ? 'process' : 'processes'} died or stood still while attempting the job`);
    this.crashes = crashes;
  }
}

/**
 * Some other client stored the job with fields that are not JSON. Their text is kept in the job's
 * `opts.bullpen.malformed`. Its handler was not called.
 * @example
 * if (failed.error.name === 'JobMalformed') console.error(failed.error.message);
 */
export class JobMalformed extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_JOB_MALFORMED';
  /** The names of the fields that are not JSON: `data`, `opts`. */
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super(
      `the job was stored with ${fields.join(' and ')} that ${fields.length === 1 ? 'is' : 'are'} not JSON; enqueue it anew`,
    );
    this.fields = fields;
  }
}

/**
 * Code of a handler threw an error that nobody caught, in a timer or in a promise that nobody
 * awaited. The attempt failed, and its worker drains and exits.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_HANDLER_CRASHED')) log.error('caught by nobody');
 */
export class HandlerCrashed extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_HANDLER_CRASHED';
}

/**
 * A worker that serves the job's queue has no handler for the job.
 * @example
 * if (failed.error.name === 'HandlerMissing') console.error('deploy the workers first');
 */
export class HandlerMissing extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_HANDLER_MISSING';
}

/**
 * The handlers given to a worker contradict each other or the job definitions.
 * @example
 * if (hasCode(error, 'BULLPEN_HANDLERS_INVALID')) console.error(error.faults);
 */
export class HandlersInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_HANDLERS_INVALID';
}

/** The class of an error of Bullpen, by its code. */
export type ErrorsByCode = {
  readonly [E in
    | BatchConflict
    | BatchUnknown
    | ConfigInvalid
    | DeadlineExceeded
    | HandlerCrashed
    | HandlerMissing
    | HandlersInvalid
    | JobCancelled
    | JobCrashed
    | JobDefinitionInvalid
    | JobExpired
    | JobMalformed
    | JobRejected
    | JobSnoozed
    | LeaseLost
    | ModuleInvalid
    | OptionsInvalid
    | PayloadInvalid
    | ProducerClosed
    | QueueFull
    | RedisUnavailable
    | ResultInvalid
    | SourceInvalid
    | WorkerDraining as E['code']]: E;
};

/**
 * Whether `error` has this code, whichever copy of the package made it. It may be any value. Never
 * throws.
 * @example
 * try {
 *   await producer.enqueue(sendInvoice, invoice);
 * } catch (error) {
 *   if (hasCode(error, 'BULLPEN_QUEUE_FULL')) response.statusCode = 503;
 *   else if (hasCode(error, 'BULLPEN_PAYLOAD_INVALID')) console.error(error.faults);
 *   else throw error;
 * }
 */
export function hasCode<C extends keyof ErrorsByCode>(error: unknown, code: C): error is ErrorsByCode[C];
/**
 * The same for an error of another package, whose class you give.
 * @example
 * if (hasCode<BatchStopped>(error, 'BULLPEN_BATCH_STOPPED')) console.error(error.totals.added);
 */
export function hasCode<E extends BullpenError = never>(error: unknown, code: E['code']): error is E;
export function hasCode(error: unknown, code: string): boolean {
  try {
    return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
  } catch {
    return false;
  }
}
