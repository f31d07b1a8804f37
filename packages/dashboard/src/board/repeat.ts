/**
 * Does something now and again and again: each time it says how long to rest before the next, in
 * milliseconds. It must not throw.
 * @returns a function that stops it, and resolves when what is under way has ended
 */
export function every(work: () => Promise<number>): () => Promise<void> {
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
