import {
  type BullpenError,
  DeadlineExceeded,
  describeThrown,
  HandlerMissing,
  hasCode,
  isInstant,
  JobCrashed,
  type JobDefinition,
  JobExpired,
  JobUnreadable,
  type Parsed,
  PayloadInvalid,
  parse,
  ResultInvalid,
  readProperty,
  type Thrown,
} from '@bullpen/shared';
import type { AttemptStop } from './attempt-stop.js';
import type { Context, Handler } from './handler.js';
import { LONGEST_JSON, type Outcome } from './outcome.js';

/** What an attempt starts from. */
export interface AttemptInput {
  readonly handler: Handler | undefined;
  readonly jobName: string;
  readonly payload: unknown;
  /** How many worker processes died under the job so far. */
  readonly crashes: number;
  /** The instant after which the handler must not start any more (ms since 1970). */
  readonly expiresAt: number | undefined;
  /** The fields of the job that were not JSON when it was fetched. */
  readonly unreadable: readonly string[] | undefined;
  readonly startedAt: number;
  /** What the handler is given beside the payload; made only if there is a handler to give it to. */
  readonly context: (deadline: number, stop: AttemptStop) => Context;
  readonly stop: AttemptStop;
  /** Is called when the handler is still running some time after its deadline. It keeps its slot: to attempt the job elsewhere now would run it twice at once. */
  readonly onStuck?: () => void;
}

/** How long after its deadline a handler that is still running is reported as stuck. */
const STUCK_AFTER_MS = 3_000;

/**
 * One attempt: parse the payload, arm the deadline, run the handler, say how it ended. Knows neither Redis nor BullMQ, and never throws.
 */
export async function attempt(input: AttemptInput): Promise<Outcome> {
  const { handler, stop } = input;
  if (input.expiresAt !== undefined && input.startedAt >= input.expiresAt) {
    return { kind: 'expired', error: describeThrown(new JobExpired(input.expiresAt)) };
  }
  if (stop.reason !== undefined) return endedBy(stop.reason);
  if (handler === undefined) {
    return { kind: 'rejected', error: describeThrown(new HandlerMissing(`no handler for job '${input.jobName}'`)) };
  }
  if (input.unreadable !== undefined) {
    return { kind: 'rejected', error: describeThrown(new JobUnreadable(input.unreadable)) };
  }
  const { timeoutMs, maxCrashes } = handler.job;
  if (input.crashes >= maxCrashes) return { kind: 'crashed', error: describeThrown(new JobCrashed(input.crashes)) };
  let timer = setTimeout(() => {
    stop.abort(new DeadlineExceeded(timeoutMs));
    if (input.onStuck !== undefined) timer = setTimeout(input.onStuck, STUCK_AFTER_MS);
  }, timeoutMs);
  try {
    return await new Promise((resolve, reject) => {
      // Abandoned: what handler and schemas do from here on is nobody's business any more.
      stop.onAbandon(() => resolve(endedBy(stop.reason)));
      run(handler, input).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Runs schemas and handler to their end. Waits only for those that are not through at once. */
async function run(handler: Handler, { payload, startedAt, context, stop }: AttemptInput): Promise<Outcome> {
  const { job } = handler;
  const parsing = parse(job.payload, payload);
  const parsed = parsing instanceof Promise ? await parsing : parsing;
  if (!parsed.ok) {
    return { kind: 'rejected', error: describeThrown(new PayloadInvalid(`payload of ${job.name}`, parsed.faults)) };
  }
  // A schema may have taken its time, and the handler must not start with a signal that has fired.
  if (stop.reason !== undefined) return endedBy(stop.reason);
  let returned: unknown;
  try {
    returned = handler.run(parsed.value, context(startedAt + job.timeoutMs, stop));
    if (isThenable(returned)) returned = await returned;
  } catch (thrown) {
    return fromThrown(thrown, stop.reason);
  }
  return fromReturned(returned, job, stop.reason);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof readProperty(value, 'then') === 'function';
}

/** A handler's own words come first; otherwise what it throws after an abort is because of the abort. */
function fromThrown(thrown: unknown, stopped: BullpenError | undefined): Outcome {
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

/** A return after the deadline is a failure all the same: nobody waited for it any more. After other aborts the work is done, and counts. */
function fromReturned(
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
    if (text.length <= LONGEST_JSON) return [];
    return [{ path: '', reason: 'is longer than 16 MiB as JSON; store it elsewhere and return where' }];
  } catch (error) {
    return [{ path: '', reason: `cannot be written as JSON: ${describeThrown(error).message}` }];
  }
}

/** What a stop makes of an attempt, by its reason. */
function endedBy(reason: BullpenError | undefined): Outcome {
  if (hasCode(reason, 'BULLPEN_DEADLINE_EXCEEDED') || hasCode(reason, 'BULLPEN_HANDLER_CRASHED')) {
    return { kind: 'failed', error: describeThrown(reason) };
  }
  if (hasCode(reason, 'BULLPEN_JOB_CANCELLED')) return { kind: 'cancelled', error: describeThrown(reason) };
  return { kind: 'interrupted', reason: hasCode(reason, 'BULLPEN_LEASE_LOST') ? 'lease lost' : 'draining' };
}
