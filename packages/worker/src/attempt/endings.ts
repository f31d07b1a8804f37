import { type BullpenError, DeadlineExceeded, hasCode, type JobDefinition, ResultInvalid } from '@bullpen/shared';
import { describeThrown, isInstant, type Parsed, parse, readProperty, type Thrown } from '@bullpen/shared/internal';
import type { AttemptInput } from './attempt-input.js';
import { MAX_JSON_LENGTH, type Outcome } from './outcome.js';

/** How long after its deadline a handler that still runs is reported as stuck. */
const STUCK_AFTER_MS = 3_000;

/** Runs something under the deadline of an attempt, until it ends or is abandoned. */
export function underDeadline<T>(
  input: Pick<AttemptInput, 'stop' | 'onStuck'>,
  { timeoutMs }: JobDefinition,
  run: () => T | Promise<T>,
  abandoned: (reason: BullpenError | undefined) => T,
): Promise<T> {
  const { stop } = input;
  return new Promise((resolve, reject) => {
    let lastCall: NodeJS.Immediate | undefined;
    // In a turn of the event loop timers run before sockets. When the process stood still, an
    // answer may have arrived long before the deadline. So sockets are read before the deadline
    // counts: a slow machine does not cost an attempt.
    let timer = setTimeout(() => {
      lastCall = setImmediate(() => {
        stop.abort(new DeadlineExceeded(timeoutMs));
        timer = setTimeout(() => input.onStuck?.(), STUCK_AFTER_MS);
      });
    }, timeoutMs);
    const disarm = (): void => {
      clearTimeout(timer);
      clearImmediate(lastCall);
    };
    const end = (value: T): void => {
      disarm();
      resolve(value);
    };
    const fail = (error: unknown): void => {
      disarm();
      reject(error);
    };
    // What the handler and the schemas do after this is ignored.
    stop.onAbandon(() => end(abandoned(stop.reason)));
    try {
      const running = run();
      if (running instanceof Promise) running.then(end, fail);
      else end(running);
    } catch (error) {
      fail(error);
    }
  });
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof readProperty(value, 'then') === 'function';
}

/**
 * How an attempt ends whose handler threw. `JobRejected` and `JobSnoozed` always count. Any other
 * error after an abort is taken as a consequence of the abort.
 */
export function fromThrown(thrown: unknown, stopped: BullpenError | undefined): Outcome {
  const error = describeThrown(thrown);
  if (hasCode(thrown, 'BULLPEN_JOB_REJECTED')) return { kind: 'rejected', error };
  if (hasCode(thrown, 'BULLPEN_JOB_SNOOZED')) return snoozed(thrown, error);
  return stopped === undefined ? { kind: 'failed', error } : endedBy(stopped);
}

function snoozed(thrown: object, error: Thrown): Outcome {
  const untilAt = readProperty(thrown, 'untilAt');
  if (isInstant(untilAt)) return { kind: 'snoozed', untilAt, error };
  return { kind: 'failed', error: { ...error, message: 'JobSnoozed was given no valid time' } };
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
  return { kind: 'interrupted', reason: hasCode(reason, 'BULLPEN_LEASE_LOST') ? 'lease lost' : 'draining' };
}
