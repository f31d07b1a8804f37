/** Rows per second; `undefined` while there are no rows. */
export function perSecond(rows: number, elapsedMs: number): number | undefined {
  return rows > 0 ? (rows * 1000) / Math.max(1, elapsedMs) : undefined;
}

/**
 * Seconds until the rest is done; `undefined` while that is not known.
 * @param far `done` of `total`, in any unit, for so many `rows`. The rest is assumed to have rows
 *   of the same size
 */
export function secondsLeft(
  { done, total, rows }: { done: number; total: number; rows: number },
  speed: number | undefined,
): number | undefined {
  if (done >= total) return 0;
  return speed === undefined || done === 0 ? undefined : ((total - done) * rows) / done / speed;
}
