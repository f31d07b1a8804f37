import { AsyncLocalStorage } from 'node:async_hooks';
import { describeThrown, HandlerCrashed, readProperty } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempts.js';

/** What an error can be laid at: an attempt, or that of a row of a shared job. */
export type Blamable = Pick<ActiveAttempt, 'job' | 'jobId' | 'queue' | 'stop' | 'outcome'>;

const attempts = new AsyncLocalStorage<Blamable>();

/** Runs something so that whatever it leaves behind, timers and promises included, is known to belong to an attempt. */
export function onBehalfOf<T>(attempt: Blamable, run: () => T): T {
  return attempts.run(attempt, run);
}

/** What {@link blame} found. */
export interface Blamed {
  readonly attempt: Blamable;
  /** The error is nothing but the reason of the attempt's own abort, out of a promise that nobody awaited. */
  readonly isItsAbort: boolean;
}

/**
 * Finds the attempt whose code threw an error that nobody caught; call it from the listener, in the context of the fault. Is it still under way, then it ends
 * as failed here and now: waiting for it would be waiting for a promise that may never settle.
 */
export function blame(error: unknown): Blamed | undefined {
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
