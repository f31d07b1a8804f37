/**
 * Waits for `work`, at most `limitMs`, and only until `unless` settles.
 *
 * A plain timer, because on Node 20 the garbage collector may remove an `AbortSignal.any` over an
 * `AbortSignal.timeout` before it fires.
 * @param what names the work in the error: `pulling` took more than 2 s
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
