import {
  describeThrown,
  HandlerMissing,
  JobCrashed,
  JobExpired,
  JobUnreadable,
  PayloadInvalid,
  parse,
} from '@bullpen/shared';
import type { AttemptInput } from './attempt-input.js';
import { attemptMany } from './attempt-many.js';
import { endedBy, fromReturned, fromThrown, isThenable, underDeadline } from './endings.js';
import type { Handler } from './handler.js';
import type { Outcome } from './outcome.js';

/**
 * One attempt: parse the payload, arm the deadline, run the handler, say how it ended. Knows neither Redis nor BullMQ, and never throws.
 */
export async function attempt(input: AttemptInput): Promise<Outcome> {
  const { handler } = input;
  const ended = endedBefore(input);
  if (ended !== undefined || handler === undefined) return ended ?? missing(input.jobName);
  const { maxCrashes } = handler.job;
  if (input.crashes >= maxCrashes) return { kind: 'crashed', error: describeThrown(new JobCrashed(input.crashes)) };
  if (handler.many) {
    const [outcome] = await attemptMany({ ...input, rows: [{ id: input.rowId, payload: input.payload }] }, handler);
    return outcome as Outcome;
  }
  return underDeadline(input, handler.job, () => run(handler, input), endedBy);
}

/** How an attempt ends before it has begun, if it does. */
export function endedBefore(input: Omit<AttemptInput, 'payload' | 'rowId'>): Outcome | undefined {
  const { handler, stop } = input;
  if (input.expiresAt !== undefined && input.startedAt >= input.expiresAt) {
    return { kind: 'expired', error: describeThrown(new JobExpired(input.expiresAt)) };
  }
  if (stop.reason !== undefined) return endedBy(stop.reason);
  if (handler === undefined) return missing(input.jobName);
  if (input.unreadable !== undefined) {
    return { kind: 'rejected', error: describeThrown(new JobUnreadable(input.unreadable)) };
  }
  return undefined;
}

function missing(jobName: string): Outcome {
  return { kind: 'rejected', error: describeThrown(new HandlerMissing(`no handler for job '${jobName}'`)) };
}

/** Runs schemas and handler to their end. Waits only for those that are not through at once. */
async function run(
  handler: Handler & { readonly many: false },
  { payload, startedAt, context, stop }: AttemptInput,
): Promise<Outcome> {
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
