import { type JobDefinition, PayloadInvalid, ResultInvalid } from '@bullpen/shared';
import { describeThrown, parse } from '@bullpen/shared/internal';
import { type AnyHandler, functionOf, type ManyHandlerFunction } from '../handlers/handler.js';
import type { AttemptInput } from './attempt-input.js';
import { underDeadline } from './deadline.js';
import { endedBy, fromReturned, fromThrown, isThenable } from './endings.js';
import type { Outcome } from './outcome.js';

/** One row of an attempt at many rows. */
export interface ManyRow {
  readonly id: string;
  readonly payload: unknown;
}

type Returned = Awaited<ReturnType<ManyHandlerFunction<JobDefinition>>>;

/**
 * One attempt at many rows: parse the payloads, run the handler once with the valid ones, return
 * how each row ended. Never throws.
 */
export async function attemptMany(
  input: AttemptInput,
  rows: readonly ManyRow[],
  handler: AnyHandler<true>,
): Promise<Outcome[]> {
  return underDeadline(
    input,
    handler.job,
    () => run(handler, input, rows),
    (reason) => rows.map(() => endedBy(reason)),
  );
}

async function run(handler: AnyHandler<true>, input: AttemptInput, rows: readonly ManyRow[]): Promise<Outcome[]> {
  const { job } = handler;
  const { stop } = input;
  const outcomes: (Outcome | undefined)[] = [];
  const valid: { id: string; payload: unknown }[] = [];
  for (const { id, payload } of rows) {
    const parsing = parse(job.payload, payload);
    const parsed = parsing instanceof Promise ? await parsing : parsing;
    if (parsed.ok) valid.push({ id, payload: parsed.value });
    const error = parsed.ok ? undefined : new PayloadInvalid(`payload of ${job.name}`, parsed.faults);
    outcomes.push(error && { kind: 'rejected', error: describeThrown(error) });
  }
  // Counted before the handler runs: it may remove rows from its list.
  const count = valid.length;
  let ended: (at: number) => Outcome | Promise<Outcome>;
  // Parsing may have taken time, and a handler must not start with a signal that has aborted.
  if (stop.reason !== undefined) ended = () => endedBy(stop.reason);
  else if (count === 0) ended = () => endedBy(undefined);
  else {
    try {
      const running = functionOf(handler)(valid as never, input.context(input.startedAt + job.timeoutMs));
      const returned = (isThenable(running) ? await running : running) as Returned;
      ended = (at) => endOf(returned, at, count, job, input);
    } catch (thrown) {
      ended = () => fromThrown(thrown, input);
    }
  }
  let at = 0;
  return Promise.all(outcomes.map((outcome) => outcome ?? ended(at++)));
}

/** How one row ended, by what the handler returned. */
function endOf(
  returned: Returned,
  at: number,
  count: number,
  job: JobDefinition,
  input: AttemptInput,
): Outcome | Promise<Outcome> {
  const stopped = input.stop.reason;
  if (returned === undefined) return fromReturned(undefined, job, stopped);
  const settled = Array.isArray(returned) && returned.length === count ? (returned[at] as unknown) : undefined;
  const { status, value, reason } = (settled ?? {}) as { status?: unknown; value?: unknown; reason?: unknown };
  if (status === 'fulfilled') return fromReturned(value, job, stopped);
  if (status === 'rejected') return fromThrown(reason, input);
  const wrong = `expected nothing, or what Promise.allSettled returns, one entry for each of ${count} rows`;
  return {
    kind: 'failed',
    error: describeThrown(new ResultInvalid(`result of ${job.name}`, [{ path: '', reason: wrong }])),
  };
}
