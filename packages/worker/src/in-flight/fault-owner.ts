import { AsyncLocalStorage } from 'node:async_hooks';
import { HandlerCrashed } from '@bullpen/shared';
import { describeThrown, readProperty } from '@bullpen/shared/internal';
import type { ActiveAttempt } from './active-attempt.js';
import { QuickJobs } from './quick-jobs.js';

/** What an error can be laid at: an attempt, or that of a row of a shared job. */
export type FaultOwner = Pick<ActiveAttempt, 'job' | 'jobId' | 'queue' | 'stop' | 'outcome'>;

const attempts = new AsyncLocalStorage<FaultOwner>();

/**
 * From Node 24 on a context costs next to nothing. Before, it makes each promise of the process
 * dearer, ours and BullMQ's, by a third of all that an empty job costs.
 */
const IS_CHEAP = Number(process.versions.node.split('.')[0]) >= 24;

const quickJobs = new QuickJobs();
/** Attempts under way in a context of their own. */
let inContext = 0;

/**
 * Runs an attempt so that whatever it leaves behind, timers and promises included, is known to
 * belong to it. Where that is dear, jobs whose last attempts all ended in the turn of the event
 * loop in which they began are taken at their word: they leave nothing behind. Should one do so for
 * once, its error is nobody's, the worker drains as it does for any, and the next process finds
 * out: it trusts nobody at first.
 */
export function runOwnedBy<T>(attempt: FaultOwner, run: () => T | Promise<T>): T | Promise<T> {
  if (IS_CHEAP) return attempts.run(attempt, run);
  const begun = quickJobs.turn;
  const isTrusted = quickJobs.trusts(attempt.job);
  // Nobody is in a context any more: what it costs is saved.
  if (isTrusted && inContext === 0) attempts.disable();
  if (!isTrusted) inContext += 1;
  const ended = (): void => {
    if (!isTrusted) inContext -= 1;
    quickJobs.ended(attempt.job, begun);
  };
  const running = isTrusted ? run() : attempts.run(attempt, run);
  if (running instanceof Promise) running.then(ended, ended);
  else ended();
  return running;
}

/** What {@link faultOwner} found. */
export interface OwnedFault {
  readonly attempt: FaultOwner;
  /**
   * The error is nothing but the reason of the attempt's own abort, out of a promise that nobody
   * awaited.
   */
  readonly isItsAbort: boolean;
}

/**
 * Finds the attempt whose code threw an error that nobody caught; call it from the listener, in the
 * context of the fault. Is it still under way, then it ends as failed here and now: waiting for it
 * would be waiting for a promise that may never settle.
 */
export function faultOwner(error: unknown): OwnedFault | undefined {
  const attempt = attempts.getStore();
  if (attempt === undefined) return undefined;
  const { stop, outcome } = attempt;
  const isItsAbort = stop.reason !== undefined && (error === stop.reason || causeOf(error) === stop.reason);
  if (outcome === undefined && !isItsAbort) {
    const crash = new HandlerCrashed('code that the handler left running threw', { cause: error });
    // Where it happened, not where it was noticed.
    const { stack } = describeThrown(error);
    if (stack !== undefined) crash.stack = stack;
    stop.abandon(crash);
  }
  return { attempt, isItsAbort };
}

/** Node's own functions wrap the reason of a signal in an AbortError. */
function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? readProperty(error, 'cause') : undefined;
}
