import type {
  DeadlineExceeded,
  HandlerCrashed,
  HandlerMissing,
  JobCancelled,
  JobCrashed,
  JobExpired,
  JobMalformed,
  JobRejected,
  JobSnoozed,
  LeaseLost,
  ResultInvalid,
  WorkerDraining,
} from './attempt-errors.js';
import type { BullpenError } from './bullpen-error.js';
import type {
  BatchConflict,
  BatchLost,
  BatchUnknown,
  ConfigInvalid,
  HandlersInvalid,
  JobDefinitionInvalid,
  ModuleInvalid,
  OptionsInvalid,
  PayloadInvalid,
  ProducerClosed,
  QueueFull,
  RedisUnavailable,
  SourceInvalid,
} from './call-errors.js';

/** The class of an error of Bullpen, by its code. */
export type ErrorsByCode = {
  readonly [E in
    | BatchConflict
    | BatchLost
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
