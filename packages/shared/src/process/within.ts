/** What {@link withTimeout} throws when the time is up. */
export class TimeIsUp extends Error {}

/**
 * Waits for a promise for `ms` milliseconds at most. The timer is stopped as soon as the promise
 * settles.
 * @throws TimeIsUp when the promise has not settled by then; else what the promise rejects with
 */
export async function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeIsUp('the time is up')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** As {@link withTimeout}; `undefined` when the promise is late or rejects. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return withTimeout(ms, promise).catch(() => undefined);
}
