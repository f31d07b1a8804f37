import { type BullpenError, DeadlineExceeded, type JobDefinition } from '@bullpen/shared';
import type { AttemptInput } from './attempt-input.js';

/** How long after its deadline a handler that still runs is reported as stuck. */
const STUCK_AFTER_MS = 3_000;

/** Runs something under the deadline of an attempt, until it ends or is abandoned. */
export function underDeadline<T>(
  input: Pick<AttemptInput, 'stop' | 'onStuck'>,
  { timeoutMs }: JobDefinition,
  run: () => T | Promise<T>,
  abandoned: (reason: BullpenError | undefined) => T,
): Promise<T> {
  const { stop } = input;
  return new Promise((resolve, reject) => {
    let lastCall: NodeJS.Immediate | undefined;
    // In a turn of the event loop timers run before sockets. When the process stood still, an
    // answer may have arrived long before the deadline. So sockets are read before the deadline
    // counts: a slow machine does not cost an attempt.
    let timer = setTimeout(() => {
      lastCall = setImmediate(() => {
        stop.abort(new DeadlineExceeded(timeoutMs));
        timer = setTimeout(() => input.onStuck?.(), STUCK_AFTER_MS);
      });
    }, timeoutMs);
    const disarm = (): void => {
      clearTimeout(timer);
      clearImmediate(lastCall);
    };
    const end = (value: T): void => {
      disarm();
      resolve(value);
    };
    const fail = (error: unknown): void => {
      disarm();
      reject(error);
    };
    // What the handler and the schemas do after this is ignored.
    stop.onAbandon(() => end(abandoned(stop.reason)));
    try {
      const running = run();
      if (running instanceof Promise) running.then(end, fail);
      else end(running);
    } catch (error) {
      fail(error);
    }
  });
}
