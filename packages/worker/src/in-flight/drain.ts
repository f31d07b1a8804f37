import { WorkerDraining } from '@bullpen/shared';
import type { ActiveAttempts, AttemptCounts } from './active-attempts.js';

/**
 * What became of the attempts that were in flight when a drain began, and how long the drain took.
 */
export interface DrainSummary {
  /** Attempts that had passed the gate when the drain began. */
  readonly active: number;
  /** Attempts that completed. */
  readonly completed: number;
  /** Failed attempts, and jobs that were rejected, expired, cancelled or crashed too often. */
  readonly failed: number;
  /** Attempts whose handlers asked to be called again later. */
  readonly snoozed: number;
  /** Not finished in time, and handed back to the front of their queue. No attempt was spent. */
  readonly handedBack: number;
  /** Fetched too late to start, and handed back. */
  readonly notStarted: number;
  /**
   * Attempts that ended, still run, or were fetched too late to start, and that Redis had not
   * confirmed when the time was up. Another worker attempts their jobs within 15 s.
   */
  readonly cutOff: number;
  /** The ids of the jobs cut off. */
  readonly cutOffJobIds: readonly string[];
  /**
   * The ids of the jobs that were stuck when the drain began: past their deadline and still
   * running.
   */
  readonly stuckJobIds: readonly string[];
  /** How long the drain took, in milliseconds. */
  readonly durationMs: number;
  /** All attempts since the worker started, by how they ended. */
  readonly sinceStart: Readonly<AttemptCounts>;
}

/** What {@link drain} needs. */
export interface DrainDeps {
  /** Stops the intake of every queue. Resolves when all attempts have ended. May hang. */
  readonly close: () => Promise<unknown>;
  /**
   * Sends Redis our last word, behind all commands that it has not answered. Waits for no answer.
   */
  readonly handBackAll: () => void;
  readonly active: ActiveAttempts;
  readonly drainTimeoutMs: number;
  readonly abortGraceMs: number;
  /** Aborts when a second signal asks for it: the drain then skips the rest of `drainTimeout`. */
  readonly abortNow: AbortSignal;
}

/**
 * How long Redis and BullMQ may take to confirm what they were told last. The process needs 300 ms
 * more to exit. After this second the watchdog ends the process.
 */
const CONFIRM_MS = 700;

/**
 * Drains a worker by one timeline. Every wait has a time limit. Never throws.
 *
 * intake stops → `drainTimeout` → signals abort → `abortGrace` → the rest is handed back →
 * 0.7 s → what is not confirmed is cut off
 */
export async function drain(deps: DrainDeps): Promise<DrainSummary> {
  const { close, handBackAll, active, drainTimeoutMs, abortGraceMs, abortNow } = deps;
  const startedAt = performance.now();
  const before: AttemptCounts = { ...active.counts };
  // Without those still at the gate: they are handed back before they start.
  const startedCount = active.startedCount();
  const stuckJobIds = active.stuck().map(({ jobId }) => jobId);
  active.startDraining();
  let isClosed = false;
  const closed = close()
    .catch(() => undefined)
    .then(() => {
      isClosed = true;
    });
  /**
   * Waits until no attempt is in flight, or until an instant. Whether none is in flight then. A
   * `close` that fails says nothing about attempts.
   */
  const areDone = async (deadline: number, skip?: AbortSignal): Promise<boolean> => {
    await waitForFirst([active.idle()], deadline - performance.now(), skip);
    return active.size === 0;
  };

  let deadline = startedAt + drainTimeoutMs;
  if (!(await areDone(deadline, abortNow))) {
    active.abortAll(() => new WorkerDraining());
    deadline = nextDeadline(deadline, abortGraceMs);
    if (!(await areDone(deadline))) active.abandonAll(() => new WorkerDraining());
  }
  deadline = nextDeadline(deadline, CONFIRM_MS);
  // When no attempt is in flight, closing takes milliseconds. If Redis is away it takes longer, and
  // waiting would not help.
  if (await areDone(deadline)) await waitForFirst([closed], deadline - performance.now());
  // Redis may still carry out commands that it has not answered when this process has ended, a
  // fetch for example. The last word comes behind them.
  if (!isClosed || active.size > 0) handBackAll();

  const { counts } = active;
  const since = (field: keyof AttemptCounts): number => counts[field] - before[field];
  return {
    active: startedCount,
    completed: since('completed'),
    failed: since('failed'),
    snoozed: since('snoozed'),
    handedBack: since('handedBack'),
    notStarted: since('notStarted'),
    cutOff: since('unrecorded') + active.size,
    cutOffJobIds: [...active.unrecordedJobIds, ...active.jobIds()],
    stuckJobIds,
    durationMs: Math.round(performance.now() - startedAt),
    sinceStart: { ...counts },
  };
}

/**
 * The least time for a stretch of the timeline that begins too late, because the machine was
 * suspended or the event loop was blocked. It is enough to hand back, and the watchdog allows for
 * it.
 */
const LATE_MS = 300;

/**
 * The end of the next stretch of the timeline. It counts from the deadline of the last stretch; or
 * from now, if a second signal came, or all attempts were done before.
 */
function nextDeadline(last: number, ms: number): number {
  const now = performance.now();
  return Math.max(Math.min(last, now) + ms, now + Math.min(ms, LATE_MS));
}

/**
 * Waits for the first of some promises, for some time, or for a signal. Leaves no timer and no
 * listener behind.
 */
async function waitForFirst(promises: readonly Promise<unknown>[], ms: number, skip?: AbortSignal): Promise<void> {
  let end: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const stop = (): void => end?.();
  const timer = setTimeout(stop, ms);
  skip?.addEventListener('abort', stop, { once: true });
  if (skip?.aborted === true) stop();
  await Promise.race([...promises, ended]);
  clearTimeout(timer);
  skip?.removeEventListener('abort', stop);
}
