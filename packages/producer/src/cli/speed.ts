/** How fast rows went; `undefined` as long as there are none to tell by. */
export function perSecond(rows: number, elapsedMs: number): number | undefined {
  return rows > 0 ? (rows * 1000) / Math.max(1, elapsedMs) : undefined;
}

/**
 * How long the rest takes, in seconds.
 * @param far `done` of `total` in whatever unit, for so many rows: the rest is taken to have rows
 *   of the same size
 */
export function secondsLeft(
  { done, total, rows }: { done: number; total: number; rows: number },
  speed: number | undefined,
): number | undefined {
  if (done >= total) return 0;
  return speed === undefined || done === 0 ? undefined : ((total - done) * rows) / done / speed;
}
