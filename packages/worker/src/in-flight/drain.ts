import { WorkerDraining } from '@bullpen/shared';
import type { ActiveAttempts, Tally } from './active-attempts.js';

/** What became of the attempts that were under way when a drain began, and how long it took. */
export interface DrainSummary {
  /** Attempts under way when the drain began. */
  readonly active: number;
  readonly completed: number;
  /** Failed attempts, and jobs that were rejected, expired, cancelled or crashed too often. */
  readonly failed: number;
  readonly snoozed: number;
  /** Given back to the front of their queue, unfinished, their attempt unspent. */
  readonly handedBack: number;
  /** Fetched too late to start; given back untouched. */
  readonly notStarted: number;
  /**
   * Ended, still running, or fetched too late to start, but unconfirmed by Redis when the limit was
   * reached. Another worker attempts them within 15 s.
   */
  readonly cutOff: number;
  /** The ids of the jobs cut off. */
  readonly cutOffJobIds: readonly string[];
  /**
   * The ids of the jobs that were stuck when the drain began: past their deadline and still
   * running.
   */
  readonly stuckJobIds: readonly string[];
  readonly durationMs: number;
  /** All attempts since the worker started. */
  readonly sinceStart: Readonly<Tally>;
}

/** What {@link drain} needs. */
export interface DrainDeps {
  /** Stops the intake of every queue; resolves when all attempts are settled. May hang. */
  readonly close: () => Promise<unknown>;
  /** Sends Redis our last word, behind all that it has not answered yet. Waits for no answer. */
  readonly handBackAll: () => void;
  readonly active: ActiveAttempts;
  readonly drainTimeoutMs: number;
  readonly abortGraceMs: number;
  /** Aborts when a second signal asks for it. */
  readonly abortNow: AbortSignal;
}

/**
 * How long Redis and BullMQ may take to confirm what we told them last. With the 300 ms that a
 * process needs to exit, a second: then the watchdog bites.
 */
const CONFIRM_MS = 700;

/**
 * The timeline of a drain, on one absolute deadline: nothing in here waits for anything without a
 * limit. Never throws.
 *
 * intake stops → `drainTimeout` → signals abort → `abortGrace` → the rest is handed back → 0.7 s →
 * cut off
 */
export async function drain(parts: DrainDeps): Promise<DrainSummary> {
  const { close, handBackAll, active, drainTimeoutMs, abortGraceMs, abortNow } = parts;
  const startedAt = performance.now();
  const before: Tally = { ...active.tally };
  // Not those still at the gate: they will be handed back untouched.
  const underWay = active.startedCount();
  const stuckJobIds = active.stuck().map(({ jobId }) => jobId);
  active.startDraining();
  let isClosed = false;
  const closed = close()
    .catch(() => undefined)
    .then(() => {
      isClosed = true;
    });
  /**
   * Waits until all attempts are through, or for an instant; whether they are. A `close` that fails
   * says nothing about them.
   */
  const finishes = async (deadline: number, hurried?: AbortSignal): Promise<boolean> => {
    await firstOf([active.idle()], deadline - performance.now(), hurried);
    return active.size === 0;
  };

  let deadline = startedAt + drainTimeoutMs;
  if (!(await finishes(deadline, abortNow))) {
    active.abortAll(() => new WorkerDraining());
    deadline = nextDeadline(deadline, abortGraceMs);
    if (!(await finishes(deadline))) active.abandonAll(() => new WorkerDraining());
  }
  deadline = nextDeadline(deadline, CONFIRM_MS);
  // With nothing under way this takes milliseconds, unless Redis is away: then there is nothing to
  // wait for.
  if (await finishes(deadline)) await firstOf([closed], deadline - performance.now());
  // What is unanswered Redis may still carry out when we are gone, a fetch above all: then this
  // comes behind it.
  if (!isClosed || active.size > 0) handBackAll();

  const { tally } = active;
  const since = (field: keyof Tally): number => tally[field] - before[field];
  return {
    active: underWay,
    completed: since('completed'),
    failed: since('failed'),
    snoozed: since('snoozed'),
    handedBack: since('handedBack'),
    notStarted: since('notStarted'),
    cutOff: since('unrecorded') + active.size,
    cutOffJobIds: [...active.unrecordedJobIds, ...active.jobIds()],
    stuckJobIds,
    durationMs: Math.round(performance.now() - startedAt),
    sinceStart: { ...tally },
  };
}

/**
 * Who comes too late, out of a pause or a blocked event loop, has at least so much: enough to hand
 * back, and within what the watchdog allows.
 */
const LATE_MS = 300;

/**
 * The end of the next stretch of the timeline, from the deadline of the last; or from now, if
 * a second signal came or everything was through before.
 */
function nextDeadline(last: number, ms: number): number {
  const now = performance.now();
  return Math.max(Math.min(last, now) + ms, now + Math.min(ms, LATE_MS));
}

/**
 * Waits for the first of some promises, a time, or a signal; leaves no timer and no listener
 * behind.
 */
async function firstOf(promises: readonly Promise<unknown>[], ms: number, hurried?: AbortSignal): Promise<void> {
  let end: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stop = (): void => end?.();
  const timer = setTimeout(stop, ms);
  hurried?.addEventListener('abort', stop, { once: true });
  if (hurried?.aborted === true) stop();
  await Promise.race([...promises, ended]);
  clearTimeout(timer);
  hurried?.removeEventListener('abort', stop);
}
