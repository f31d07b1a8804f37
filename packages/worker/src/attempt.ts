import {
  type BullpenError,
  DeadlineExceeded,
  HandlerMissing,
  hasCode,
  type JobDefinition,
  JobExpired,
  type Parsed,
  PayloadInvalid,
  parse,
  ResultInvalid,
} from '@bullpen/shared';
import type { AttemptStop } from './attempt-stop.js';
import type { Context, Handler } from './handler.js';
import type { Outcome } from './outcome.js';
import { describeThrown, readProperty, type Thrown } from './thrown.js';

/** What an attempt starts from. */
export interface AttemptInput {
  readonly handler: Handler | undefined;
  readonly jobName: string;
  readonly payload: unknown;
  /** The instant after which the handler must not start any more (ms since 1970). */
  readonly expiresAt: number | undefined;
  readonly startedAt: number;
  /** What the handler is given beside the payload; made only if there is a handler to give it to. */
  readonly context: (deadline: number, stop: AttemptStop) => Context;
  readonly stop: AttemptStop;
}

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
  const { job } = handler;
  const parsing = parse(job.payload, input.payload);
  const payload = parsing instanceof Promise ? await parsing : parsing;
  if (!payload.ok) {
    return { kind: 'rejected', error: describeThrown(new PayloadInvalid(`payload of ${job.name}`, payload.faults)) };
  }

  const timer = setTimeout(() => stop.abort(new DeadlineExceeded(job.timeoutMs)), job.timeoutMs);
  try {
    const context = input.context(input.startedAt + job.timeoutMs, stop);
    const ended = await run(handler, payload.value, context, stop);
    // Abandoned: what the handler does from here on is nobody's business any more.
    if (ended === undefined) return endedBy(stop.reason);
    if (ended.threw) return fromThrown(ended.thrown, stop.reason);
    return fromReturned(ended.returned, job, stop.reason);
  } finally {
    clearTimeout(timer);
  }
}

type Ended = { readonly threw: false; readonly returned: unknown } | { readonly threw: true; readonly thrown: unknown };

/** Runs the handler until it settles or is abandoned (`undefined`). */
function run(handler: Handler, payload: unknown, context: Context, stop: AttemptStop): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    stop.onAbandon(() => resolve(undefined));
    const threw = (thrown: unknown): void => resolve({ threw: true, thrown });
    try {
      const returned = handler.run(payload, context);
      if (isThenable(returned))
        Promise.resolve(returned).then((value) => resolve({ threw: false, returned: value }), threw);
      else resolve({ threw: false, returned });
    } catch (thrown) {
      threw(thrown);
    }
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof readProperty(value, 'then') === 'function';
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
  if (typeof untilAt === 'number' && Number.isFinite(untilAt)) return { kind: 'snoozed', untilAt, error };
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
  if (typeof value !== 'object' && typeof value !== 'bigint') return [];
  try {
    JSON.stringify(value);
    return [];
  } catch (error) {
    return [{ path: '', reason: `cannot be written as JSON: ${describeThrown(error).message}` }];
  }
}

/** What a stop makes of an attempt, by its reason. */
function endedBy(reason: BullpenError | undefined): Outcome {
  if (hasCode(reason, 'BULLPEN_DEADLINE_EXCEEDED')) return { kind: 'failed', error: describeThrown(reason) };
  if (hasCode(reason, 'BULLPEN_JOB_CANCELLED')) return { kind: 'cancelled', error: describeThrown(reason) };
  return { kind: 'interrupted', reason: hasCode(reason, 'BULLPEN_LEASE_LOST') ? 'lease lost' : 'draining' };
}
