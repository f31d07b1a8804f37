import {
  type BullpenError,
  DeadlineExceeded,
  HandlerMissing,
  hasCode,
  type JobDefinition,
  JobExpired,
  PayloadInvalid,
  parse,
  ResultInvalid,
} from '@bullpen/shared';
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
  readonly context: (deadline: number, signal: AbortSignal) => Context;
  readonly stop: AttemptStop;
}

/**
 * The way to stop an attempt from outside. `abort` fires the handler's signal and leaves it time; `abandon` ends the attempt
 * at once, whatever the handler does. The first abort counts: its reason decides how the attempt ends.
 */
export class AttemptStop {
  readonly #controller = new AbortController();
  #abandon: (() => void) | undefined;
  /** Resolves when the attempt is abandoned. */
  readonly abandoned = new Promise<'abandoned'>((resolve) => {
    this.#abandon = () => resolve('abandoned');
  });

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: BullpenError): void {
    this.#controller.abort(reason);
  }

  abandon(reason: BullpenError): void {
    this.abort(reason);
    this.#abandon?.();
  }
}

/**
 * One attempt: parse the payload, arm the deadline, run the handler, say how it ended. Knows neither Redis nor BullMQ, and never throws.
 */
export async function attempt(input: AttemptInput): Promise<Outcome> {
  const { handler, stop } = input;
  if (input.expiresAt !== undefined && input.startedAt >= input.expiresAt) {
    return { kind: 'expired', error: describeThrown(new JobExpired(input.expiresAt)) };
  }
  if (stop.signal.aborted) return endedBy(stop.signal.reason) ?? { kind: 'interrupted', reason: 'draining' };
  if (handler === undefined) {
    return { kind: 'rejected', error: describeThrown(new HandlerMissing(`no handler for job '${input.jobName}'`)) };
  }
  const { job } = handler;
  const payload = await parse(job.payload, input.payload);
  if (!payload.ok) {
    return { kind: 'rejected', error: describeThrown(new PayloadInvalid(`payload of ${job.name}`, payload.faults)) };
  }

  const timer = setTimeout(() => stop.abort(new DeadlineExceeded(job.timeoutMs)), job.timeoutMs);
  try {
    const context = input.context(input.startedAt + job.timeoutMs, stop.signal);
    const running = run(handler, payload.value, context);
    const ended = await Promise.race([running, stop.abandoned]);
    if (ended === 'abandoned') return endedBy(stop.signal.reason) ?? { kind: 'interrupted', reason: 'draining' };
    return ended.threw ? fromThrown(ended.thrown, stop.signal) : await fromReturned(ended.returned, job, stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

type Ended = { readonly threw: false; readonly returned: unknown } | { readonly threw: true; readonly thrown: unknown };

async function run(handler: Handler, payload: unknown, context: Context): Promise<Ended> {
  try {
    return { threw: false, returned: await handler.run(payload, context) };
  } catch (thrown) {
    return { threw: true, thrown };
  }
}

/** A handler's own words come first; otherwise what it throws after an abort is because of the abort. */
function fromThrown(thrown: unknown, signal: AbortSignal): Outcome {
  const error = describeThrown(thrown);
  if (hasCode(thrown, 'BULLPEN_JOB_REJECTED')) return { kind: 'rejected', error };
  if (hasCode(thrown, 'BULLPEN_JOB_SNOOZED')) return snoozed(thrown, error);
  if (signal.aborted) return endedBy(signal.reason) ?? { kind: 'failed', error };
  return { kind: 'failed', error };
}

function snoozed(thrown: object, error: Thrown): Outcome {
  const untilAt = readProperty(thrown, 'untilAt');
  if (typeof untilAt === 'number' && Number.isFinite(untilAt)) return { kind: 'snoozed', untilAt, error };
  return { kind: 'failed', error: { ...error, message: 'JobSnoozed was given no valid time' } };
}

/** A return after the deadline is a failure all the same: nobody waited for it any more. After other aborts the work is done, and counts. */
async function fromReturned(returned: unknown, job: JobDefinition, signal: AbortSignal): Promise<Outcome> {
  if (signal.aborted && hasCode(signal.reason, 'BULLPEN_DEADLINE_EXCEEDED')) {
    return { kind: 'failed', error: describeThrown(signal.reason) };
  }
  const result = job.result === undefined ? { ok: true as const, value: returned } : await parse(job.result, returned);
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

/** What an abort makes of an attempt, by its reason. */
function endedBy(reason: unknown): Outcome | undefined {
  if (hasCode(reason, 'BULLPEN_DEADLINE_EXCEEDED')) return { kind: 'failed', error: describeThrown(reason) };
  if (hasCode(reason, 'BULLPEN_JOB_CANCELLED')) return { kind: 'cancelled', error: describeThrown(reason) };
  if (hasCode(reason, 'BULLPEN_WORKER_DRAINING')) return { kind: 'interrupted', reason: 'draining' };
  if (hasCode(reason, 'BULLPEN_LEASE_LOST')) return { kind: 'interrupted', reason: 'lease lost' };
  return undefined;
}
