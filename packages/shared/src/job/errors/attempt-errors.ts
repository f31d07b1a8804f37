import { readSnoozeTime, type SnoozeTime } from '../snooze-time.js';
import { BullpenError, FaultyValue } from './bullpen-error.js';
import { OptionsInvalid } from './call-errors.js';

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
 * The worker lost its right to the job: another worker may be attempting it now, or the job is gone
 * from Redis. It is the `reason` of the handler's signal.
 * @example
 * if (hasCode(signal.reason, 'BULLPEN_LEASE_LOST') && !signal.reason.isGone)
 *   log.warn('another worker may have the job');
 */
export class LeaseLost extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_LEASE_LOST';
  /**
   * Whether Redis does not have the job any more: somebody removed it, or Redis lost its data. Then
   * no other worker attempts it.
   */
  readonly isGone: boolean;

  constructor({ isGone = false }: { readonly isGone?: boolean } = {}) {
    super(
      isGone
        ? 'the job is gone from Redis; nobody else attempts it, and its end cannot be recorded'
        : 'the worker lost its lease on the job; another worker may be attempting it',
    );
    this.isGone = isGone;
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
