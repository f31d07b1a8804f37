/**
 * Waits for `work`, but no longer than `limitMs` and not once `unless` has settled.
 *
 * Plain timers, because on Node 20 an `AbortSignal.any` over an `AbortSignal.timeout` can be
 * collected before it fires.
 */
export async function within<T>(
  limitMs: number,
  what: string,
  work: Promise<T>,
  unless?: Promise<unknown>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limitMs / 1_000} s`)), limitMs);
    const interrupt = () => reject(new Error(`${what} was interrupted`));
    unless?.then(interrupt, interrupt);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
