/**
 * Every error Bullpen makes on purpose. Each is named for the fact and has a stable `code`, which
 * is what callers compare: a process may hold two copies of this package, and then `instanceof`
 * lies.
 */
export abstract class BullpenError extends Error {
  /** Stable across releases; compare this, not the message. */
  abstract readonly code: `BULLPEN_${string}`;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing that is wrong with a value: where it is and why. */
export interface Fault {
  /** Dotted path into the value, `items.0.price`; empty for the value itself. */
  readonly path: string;
  readonly reason: string;
}

/** Faults as one line: `path: reason; path: reason`. */
export const listFaults = (faults: readonly Fault[]): string =>
  faults.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; ');

abstract class FaultyValue extends BullpenError {
  /** What the message says before it lists the faults. */
  readonly subject: string;
  readonly faults: readonly Fault[];

  constructor(subject: string, faults: readonly Fault[]) {
    super(`${subject}: ${listFaults(faults)}`);
    this.subject = subject;
    this.faults = faults;
  }
}

/** Thrown by `defineJob`: the definition itself is wrong. */
export class JobDefinitionInvalid extends FaultyValue {
  readonly code = 'BULLPEN_JOB_DEFINITION_INVALID';
}

/** The payload does not fit the job's schema. Nothing was sent. */
export class PayloadInvalid extends FaultyValue {
  readonly code = 'BULLPEN_PAYLOAD_INVALID';
}

/** What the handler returned does not fit the job's result schema, or cannot be written as JSON. */
export class ResultInvalid extends FaultyValue {
  readonly code = 'BULLPEN_RESULT_INVALID';
}

/** Flags, environment or options are wrong; all faults at once. */
export class ConfigInvalid extends FaultyValue {
  readonly code = 'BULLPEN_CONFIG_INVALID';
}

/** Options given to a function of ours are wrong; all faults at once. */
export class OptionsInvalid extends FaultyValue {
  readonly code = 'BULLPEN_OPTIONS_INVALID';
}

/** A module given on the command line could not be loaded, or does not export what is needed. */
export class ModuleInvalid extends BullpenError {
  readonly code = 'BULLPEN_MODULE_INVALID';
}

/** The source of a batch cannot be read at all: no such file, a folder, a format we cannot tell. */
export class SourceInvalid extends BullpenError {
  readonly code = 'BULLPEN_SOURCE_INVALID';
}

/**
 * Redis did not take our commands within the time allowed. Nothing will be sent later behind the
 * caller's back. `unanswered` says whether something had been sent that Redis never answered: it
 * may or may not have been done. Enqueuing again with the same `key` is safe in both cases.
 */
export class RedisUnavailable extends BullpenError {
  readonly code = 'BULLPEN_REDIS_UNAVAILABLE';
  readonly unanswered: boolean;

  constructor(message: string, options: ErrorOptions & { unanswered: boolean }) {
    super(message, options);
    this.unanswered = options.unanswered;
  }
}

/** As many jobs wait on the queue as `maxWaiting` allows. Nothing was enqueued. */
export class QueueFull extends BullpenError {
  readonly code = 'BULLPEN_QUEUE_FULL';

  constructor(queue: string, maxWaiting: number) {
    super(`queue '${queue}' is full: ${maxWaiting} jobs or more wait on it; nothing was enqueued`);
  }
}

/**
 * A batch by this name exists and is another one: of another job, source or way to read it. Nothing
 * was enqueued.
 */
export class BatchConflict extends BullpenError {
  readonly code = 'BULLPEN_BATCH_CONFLICT';
  /** What the message says before it lists what differs. */
  readonly subject: string;
  /**
   * What differs: each with the option it was given by as `path`, and what it was and is as
   * `reason`.
   */
  readonly faults: readonly Fault[];

  constructor(subject: string, faults: readonly Fault[] = []) {
    const list = faults.map(({ path, reason }) => `${path} ${reason}`).join('; ');
    super(faults.length === 0 ? subject : `${subject}: ${list}. Give it another name.`);
    this.subject = subject;
    this.faults = faults;
  }
}

/** There is no batch by this name, or its books have expired. */
export class BatchUnknown extends BullpenError {
  readonly code = 'BULLPEN_BATCH_UNKNOWN';
}

/** The producer was closed before this call. */
export class ProducerClosed extends BullpenError {
  readonly code = 'BULLPEN_PRODUCER_CLOSED';
}

/** Thrown by a handler: this job can never succeed, do not attempt it again. */
export class JobRejected extends BullpenError {
  readonly code = 'BULLPEN_JOB_REJECTED';
}

/** Thrown by a handler: call me again later. Spends no attempt. */
export class JobSnoozed extends BullpenError {
  readonly code = 'BULLPEN_JOB_SNOOZED';
  /** When the job may start again, in milliseconds since 1970. */
  readonly untilAt: number;

  /** @param until a `Date`, or milliseconds since 1970. */
  constructor(until: Date | number, message = 'the handler asked to be called again later') {
    super(message);
    this.untilAt = typeof until === 'number' ? until : until.getTime();
  }
}

/** The attempt's time is up: the `reason` of the handler's signal, and why the attempt failed. */
export class DeadlineExceeded extends BullpenError {
  readonly code = 'BULLPEN_DEADLINE_EXCEEDED';
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`the attempt did not finish within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** The job's expiry passed while it waited; its handler was not called. */
export class JobExpired extends BullpenError {
  readonly code = 'BULLPEN_JOB_EXPIRED';

  constructor(expiresAt: number) {
    super(`the job expired at ${new Date(expiresAt).toISOString()}, before its handler started`);
  }
}

/** Someone cancelled the job. */
export class JobCancelled extends BullpenError {
  readonly code = 'BULLPEN_JOB_CANCELLED';

  constructor() {
    super('the job was cancelled');
  }
}

/**
 * The worker is draining and this attempt's time is up; the job goes back to its queue, its attempt
 * unspent.
 */
export class WorkerDraining extends BullpenError {
  readonly code = 'BULLPEN_WORKER_DRAINING';

  constructor() {
    super('the worker is draining; the job goes back to its queue');
  }
}

/** The worker lost its right to this job: another worker may be running it now. */
export class LeaseLost extends BullpenError {
  readonly code = 'BULLPEN_LEASE_LOST';

  constructor() {
    super('the worker lost its lease on the job; another worker may be attempting it');
  }
}

/**
 * The job's worker process died under it too often, or stood still for longer than its lease; its
 * handler was not called again.
 */
export class JobCrashed extends BullpenError {
  readonly code = 'BULLPEN_JOB_CRASHED';
  /** How many processes died, or stood still, while they attempted the job. */
  readonly crashes: number;

  constructor(crashes: number) {
    super(`${crashes} worker ${crashes === 1 ? 'process' : 'processes'} died or stood still while attempting the job`);
    this.crashes = crashes;
  }
}

/**
 * The job was stored, by some other client, with fields that are not JSON. What stood in them is
 * kept in its `opts.bullpen.malformed`; its handler was not called.
 */
export class JobMalformed extends BullpenError {
  readonly code = 'BULLPEN_JOB_MALFORMED';
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super(
      `the job was stored with ${fields.join(' and ')} that ${fields.length === 1 ? 'is' : 'are'} not JSON; enqueue it anew`,
    );
    this.fields = fields;
  }
}

/**
 * Code that a handler left running, or never awaited, threw where nobody could catch it. The
 * attempt failed, and its worker drains and exits.
 */
export class HandlerCrashed extends BullpenError {
  readonly code = 'BULLPEN_HANDLER_CRASHED';
}

/** No handler for this job name on a worker that serves its queue. */
export class HandlerMissing extends BullpenError {
  readonly code = 'BULLPEN_HANDLER_MISSING';
}

/** The handlers given to a worker contradict each other or the job definitions. */
export class HandlersInvalid extends FaultyValue {
  readonly code = 'BULLPEN_HANDLERS_INVALID';
}

/**
 * Whether `error` is the Bullpen error with this code, whichever copy of the package made it. Never
 * throws.
 */
export function hasCode<C extends BullpenError['code']>(error: unknown, code: C): error is { readonly code: C } {
  try {
    return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
  } catch {
    return false;
  }
}
