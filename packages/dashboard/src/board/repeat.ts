/**
 * Runs `work` now, and again and again. Each run returns how long to rest before the next one, in
 * milliseconds. `work` must not throw.
 * @returns a function that stops it, and resolves when the current run has ended
 */
export function repeat(work: () => Promise<number>): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    const restMs = await work();
    if (stopped) return;
    timer = setTimeout(() => {
      underWay = turn();
    }, restMs);
    timer.unref();
  };
  let underWay = turn();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await underWay;
  };
}
