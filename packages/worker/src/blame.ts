import { AsyncLocalStorage } from 'node:async_hooks';
import { HandlerCrashed } from '@bullpen/shared';
import type { ActiveAttempt } from './active-attempts.js';
import { describeThrown } from './thrown.js';

const attempts = new AsyncLocalStorage<ActiveAttempt>();

/** Runs something so that whatever it leaves behind, timers and promises included, is known to belong to an attempt. */
export function onBehalfOf<T>(attempt: ActiveAttempt, run: () => T): T {
  return attempts.run(attempt, run);
}

/**
 * Finds the attempt whose code threw an error that nobody caught; call it from the listener, in the context of the fault. Is it still under way, then it ends
 * as failed here and now: waiting for it would be waiting for a promise that may never settle.
 */
export function blame(error: unknown): ActiveAttempt | undefined {
  const attempt = attempts.getStore();
  if (attempt !== undefined && attempt.outcome === undefined) {
    const crash = new HandlerCrashed('code that the handler left running threw', { cause: error });
    // Where it happened, not where it was noticed.
    const { stack } = describeThrown(error);
    if (stack !== undefined) crash.stack = stack;
    attempt.stop.abandon(crash);
  }
  return attempt;
}
