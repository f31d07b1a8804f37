import { AsyncLocalStorage } from 'node:async_hooks';
import { HandlerCrashed } from '@bullpen/shared';
import { describeThrown, readProperty } from '@bullpen/shared/internal';
import type { RunInContext } from '../attempt/async-context.js';
import type { ActiveAttempt } from './active-attempt.js';
import { QuickJobs } from './quick-jobs.js';

/** The attempt to which an error belongs: at a job, or at a row of a shared job. */
export type FaultOwner = Pick<ActiveAttempt, 'job' | 'jobId' | 'queue' | 'stop' | 'outcome'>;

const attempts = new AsyncLocalStorage<FaultOwner>();

/**
 * From Node 24 on, an async context costs almost nothing. Before, it makes every promise of the
 * process slower, ours and BullMQ's: by a third of the cost of an empty job.
 */
const IS_CHEAP = Number(process.versions.node.split('.')[0]) >= 24;

const quickJobs = new QuickJobs();
/** How many attempts run in an async context of their own. */
let contexts = 0;

/**
 * Runs an attempt in a context of its own, which it can change for nobody else, and so that the
 * errors of all that it starts, timers and promises included, can be traced to it.
 *
 * Before Node 24 this is slow. There, quick jobs run without it: they leave nothing running that
 * could throw. If one does so once, nobody owns its error, and the worker drains as after any such
 * error. The next process finds the owner, as it knows no quick jobs at first.
 */
export function runOwnedBy<T>(attempt: FaultOwner, inContext: RunInContext, run: () => T | Promise<T>): T | Promise<T> {
  if (IS_CHEAP) return inContext(() => attempts.run(attempt, run));
  const begun = quickJobs.turn;
  const isQuick = quickJobs.isQuick(attempt.job);
  // No attempt is in a context any more, so that its cost can be saved.
  if (isQuick && contexts === 0) attempts.disable();
  if (!isQuick) contexts += 1;
  const ended = (): void => {
    if (!isQuick) contexts -= 1;
    quickJobs.ended(attempt.job, begun);
  };
  const running = inContext(() => (isQuick ? run() : attempts.run(attempt, run)));
  if (running instanceof Promise) running.then(ended, ended);
  else ended();
  return running;
}

/** What {@link faultOwner} found. */
export interface OwnedFault {
  readonly attempt: FaultOwner;
  /**
   * Whether the error is only the reason of the attempt's own abort, from a promise that nobody
   * awaited.
   */
  readonly isItsAbort: boolean;
}

/**
 * Finds the attempt whose code threw an error that nobody caught. Call it in the listener, which
 * runs in the context of the error. If the attempt still runs, it ends now as failed: its handler
 * may wait for a promise that never settles.
 */
export function faultOwner(error: unknown): OwnedFault | undefined {
  const attempt = attempts.getStore();
  if (attempt === undefined) return undefined;
  const { stop, outcome } = attempt;
  const isItsAbort = stop.reason !== undefined && (error === stop.reason || causeOf(error) === stop.reason);
  if (outcome === undefined && !isItsAbort) {
    const crash = new HandlerCrashed('code that the handler left running threw', { cause: error });
    // The place where it happened, not the place where it was noticed.
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
