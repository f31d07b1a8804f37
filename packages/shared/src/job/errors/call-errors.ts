import { type BatchRef, BullpenError, type Fault, FaultyValue } from './bullpen-error.js';

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
 * The queue already has `maxWaiting` waiting jobs or more. The job was not enqueued.
 * @example
 * if (hasCode(error, 'BULLPEN_QUEUE_FULL')) response.statusCode = 503;
 */
export class QueueFull extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_QUEUE_FULL';

  constructor(queue: string, maxWaiting: number) {
    super(`queue '${queue}' is full: ${maxWaiting} jobs or more wait on it`);
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
 * The books of a batch vanished while a call was about the batch: they expired, somebody deleted
 * them, or Redis lost its data. What became of the rows that were open is not known.
 * @example
 * if (hasCode(error, 'BULLPEN_BATCH_LOST')) console.error(error.batch.name, error.message);
 */
export class BatchLost extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_BATCH_LOST';
  /** Which batch. An error's own `name` is the name of its class. */
  readonly batch: BatchRef;

  /**
   * @param batch which batch
   * @param during what the call was doing: `while it was waited for`
   */
  constructor(batch: BatchRef, during: string) {
    super(
      `the books of batch '${batch.name}' vanished ${during}: they expired, somebody deleted them, or Redis lost its data (FLUSHALL, a failover, a restart); what became of its open rows is not known`,
    );
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
 * The handlers given to a worker contradict each other or the job definitions.
 * @example
 * if (hasCode(error, 'BULLPEN_HANDLERS_INVALID')) console.error(error.faults);
 */
export class HandlersInvalid extends FaultyValue {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_HANDLERS_INVALID';
}
