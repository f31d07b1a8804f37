/**
 * How often an idle worker looks for what nobody tells it. A connection that leaves a command
 * unanswered for 5 s counts as dead, so a read that blocks until the next look is shorter.
 */
export const LOOK_EVERY_MS = 4_000;

/** A timer may fire so many milliseconds too early. Its next turn would then be the same one. */
const EARLY_MS = 2;

/**
 * How long it is until the next look, in milliseconds: to the next multiple of `everyMs` on the
 * monotonic clock. All that looks in this process looks at the same moment, because it is not the
 * work that costs an idle process, but each time that it wakes up.
 */
export function untilNextLook(everyMs = LOOK_EVERY_MS): number {
  return everyMs - (performance.now() % everyMs) + EARLY_MS;
}

/**
 * Calls `look` at each moment at which this process looks.
 * @returns a function that ends it
 */
export function lookEvery(everyMs: number, look: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => {
      wait();
      look();
    }, untilNextLook(everyMs));
  };
  wait();
  return () => clearTimeout(timer);
}
