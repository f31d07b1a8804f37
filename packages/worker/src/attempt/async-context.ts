import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Runs a function, and returns what it returns. */
export type RunInContext = <T>(run: () => T) => T;

/**
 * Captures the async context of its caller.
 * @returns a function that runs code in a copy of this context. What the code changes in its copy,
 *   by `enterWith` for example, reaches neither the next copy nor the caller
 */
export function captureContext(): RunInContext {
  const inCaptured = AsyncLocalStorage.snapshot();
  // Before Node 24 `enterWith` changes the resource that runs, so a snapshot alone would keep the
  // change: each run needs a resource of its own.
  const copy = (): AsyncResource => new AsyncResource('BullpenAttempt', { requireManualDestroy: true });
  return (run) => inCaptured(copy).runInAsyncScope(run);
}
