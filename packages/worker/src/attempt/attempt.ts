import { HandlerMissing, JobCrashed, JobExpired, JobMalformed, PayloadInvalid } from '@bullpen/shared';
import { describeThrown, type Parsed, parse } from '@bullpen/shared/internal';
import { type AnyHandler, functionOf } from '../handlers/handler.js';
import type { AttemptInput } from './attempt-input.js';
import { attemptMany } from './attempt-many.js';
import { underDeadline } from './deadline.js';
import { endedBy, fromReturned, fromThrown, isThenable } from './endings.js';
import type { Outcome } from './outcome.js';

/**
 * One attempt: arm the deadline, parse the payload, run the handler, return how it ended. Knows
 * neither Redis nor BullMQ, and never throws. It makes a promise only when it has to wait, because
 * it runs for every job and every row.
 */
export function attempt(input: AttemptInput): Outcome | Promise<Outcome> {
  const { handler } = input;
  const ended = endedBefore(input);
  if (ended !== undefined) return ended;
  if (handler === undefined) {
    const error = new HandlerMissing(`no handler for job '${input.jobName}'`);
    return { kind: 'rejected', error: describeThrown(error) };
  }
  const { maxCrashes } = handler.job;
  if (input.crashes >= maxCrashes) return { kind: 'crashed', error: describeThrown(new JobCrashed(input.crashes)) };
  if (!handler.many) return underDeadline(input, handler.job, () => run(handler, input), endedBy);
  const rows = [{ id: input.rowId, payload: input.payload }];
  return attemptMany(input, rows, handler).then(([outcome]) => outcome as Outcome);
}

/** How an attempt ends before it begins; `undefined` when it can begin. */
export function endedBefore(
  input: Pick<AttemptInput, 'stop' | 'expiresAt' | 'now' | 'malformed'>,
): Outcome | undefined {
  const { stop } = input;
  if (input.expiresAt !== undefined && input.now() >= input.expiresAt) {
    return { kind: 'expired', error: describeThrown(new JobExpired(input.expiresAt)) };
  }
  if (stop.reason !== undefined) return endedBy(stop.reason);
  if (input.malformed !== undefined) {
    return { kind: 'rejected', error: describeThrown(new JobMalformed(input.malformed)) };
  }
  return undefined;
}

/** Parses the payload and runs the handler. */
function run(handler: AnyHandler<false>, input: AttemptInput): Outcome | Promise<Outcome> {
  const parsing = parse(handler.job.payload, input.payload);
  return parsing instanceof Promise
    ? parsing.then((parsed) => runParsed(handler, input, parsed))
    : runParsed(handler, input, parsing);
}

function runParsed(handler: AnyHandler, input: AttemptInput, parsed: Parsed<unknown>): Outcome | Promise<Outcome> {
  const { job } = handler;
  const { stop } = input;
  if (!parsed.ok) {
    return { kind: 'rejected', error: describeThrown(new PayloadInvalid(`payload of ${job.name}`, parsed.faults)) };
  }
  // Parsing may have taken time, and a handler must not start with a signal that has aborted.
  if (stop.reason !== undefined) return endedBy(stop.reason);
  let returned: unknown;
  try {
    returned = functionOf(handler)(parsed.value as never, input.context(input.startedAt + job.timeoutMs));
  } catch (thrown) {
    return fromThrown(thrown, input);
  }
  if (!isThenable(returned)) return fromReturned(returned, job, stop.reason);
  return Promise.resolve(returned).then(
    (value) => fromReturned(value, job, stop.reason),
    (thrown) => fromThrown(thrown, input),
  );
}
