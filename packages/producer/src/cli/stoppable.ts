import { EXIT } from '@bullpen/shared/command';
import { onStopSignal, type StopSignal } from '@bullpen/shared/internal';
import { restoreCursor } from './progress.js';

/**
 * Runs work that the first SIGINT or SIGTERM asks to stop, through its abort signal. A second one
 * ends the process at once.
 * @param onStop called after the first one has aborted the work's signal
 */
export async function stoppable<T>(
  work: (signal: AbortSignal) => Promise<T>,
  onStop: (name: StopSignal) => void = () => undefined,
): Promise<T> {
  const stop = new AbortController();
  const off = onStopSignal((name, count) => {
    if (count > 1) {
      restoreCursor();
      process.exit(EXIT.interrupted);
    }
    stop.abort();
    onStop(name);
  });
  try {
    return await work(stop.signal);
  } finally {
    off();
  }
}
