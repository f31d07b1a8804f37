import {
  type BullpenError,
  type Due,
  hasCode,
  type JobDefinition,
  OptionsInvalid,
  ResultInvalid,
} from '@bullpen/shared';
import {
  describeThrown,
  isInstant,
  type Parsed,
  parse,
  readProperty,
  snoozeFault,
  type Thrown,
} from '@bullpen/shared/internal';
import type { AttemptInput } from './attempt-input.js';
import { MAX_JSON_LENGTH, type Outcome } from './outcome.js';

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof readProperty(value, 'then') === 'function';
}

/**
 * How an attempt ends whose handler threw. `JobRejected` and `JobSnoozed` always count. Any other
 * error after an abort is taken as a consequence of the abort.
 */
export function fromThrown(thrown: unknown, input: Pick<AttemptInput, 'stop' | 'now'>): Outcome {
  const stopped = input.stop.reason;
  const error = describeThrown(thrown);
  if (hasCode(thrown, 'BULLPEN_JOB_REJECTED')) return { kind: 'rejected', error };
  if (hasCode(thrown, 'BULLPEN_JOB_SNOOZED')) return snoozed(thrown, error, input);
  return stopped === undefined ? { kind: 'failed', error } : endedBy(stopped);
}

function snoozed(thrown: object, error: Thrown, input: Pick<AttemptInput, 'now'>): Outcome {
  const due = readDue(readProperty(thrown, 'due'));
  if (due === undefined) {
    return { kind: 'failed', error: { ...error, message: 'JobSnoozed was given no valid time' } };
  }
  const fault = 'at' in due ? snoozeFault(due.at, input.now()) : undefined;
  if (fault === undefined) return { kind: 'snoozed', due, error };
  return { kind: 'failed', error: describeThrown(new OptionsInvalid('JobSnoozed', [{ path: '', reason: fault }])) };
}

/** When a snoozed job is due. The error may be of another copy of this package. */
function readDue(due: unknown): Due | undefined {
  const { inMs, at } = (due ?? {}) as { inMs?: unknown; at?: unknown };
  if (isInstant(at)) return { at };
  return isInstant(inMs) && inMs >= 0 ? { inMs } : undefined;
}

/**
 * How an attempt ends whose handler returned. After the deadline it has failed all the same: nobody
 * waited for it any more. After any other abort the work is done and counts.
 */
export function fromReturned(
  returned: unknown,
  job: JobDefinition,
  stopped: BullpenError | undefined,
): Outcome | Promise<Outcome> {
  if (hasCode(stopped, 'BULLPEN_DEADLINE_EXCEEDED')) return { kind: 'failed', error: describeThrown(stopped) };
  if (job.result === undefined) return fromResult({ ok: true, value: returned }, job);
  const parsing = parse(job.result, returned);
  return parsing instanceof Promise ? parsing.then((result) => fromResult(result, job)) : fromResult(parsing, job);
}

function fromResult(result: Parsed<unknown>, job: JobDefinition): Outcome {
  const faults = result.ok ? jsonFaults(result.value) : result.faults;
  if (faults.length > 0 || !result.ok) {
    return { kind: 'failed', error: describeThrown(new ResultInvalid(`result of ${job.name}`, faults)) };
  }
  return { kind: 'completed', result: result.value };
}

function jsonFaults(value: unknown): { path: string; reason: string }[] {
  if (typeof value !== 'object' && typeof value !== 'bigint' && typeof value !== 'string') return [];
  try {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    if (text.length <= MAX_JSON_LENGTH) return [];
    return [{ path: '', reason: 'is longer than 16 MiB as JSON; store it elsewhere and return where' }];
  } catch (error) {
    return [{ path: '', reason: `cannot be written as JSON: ${describeThrown(error).message}` }];
  }
}

/** How an attempt ends that was stopped, by the reason. */
export function endedBy(reason: BullpenError | undefined): Outcome {
  if (hasCode(reason, 'BULLPEN_DEADLINE_EXCEEDED') || hasCode(reason, 'BULLPEN_HANDLER_CRASHED')) {
    return { kind: 'failed', error: describeThrown(reason) };
  }
  if (hasCode(reason, 'BULLPEN_JOB_CANCELLED')) return { kind: 'cancelled', error: describeThrown(reason) };
  if (!hasCode(reason, 'BULLPEN_LEASE_LOST')) return { kind: 'interrupted', reason: 'draining' };
  return { kind: 'interrupted', reason: reason.isGone ? 'job gone' : 'lease lost' };
}
