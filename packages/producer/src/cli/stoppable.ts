import { EXIT, onStopSignal } from '@bullpen/shared/internal';
import { restoreCursor } from './progress.js';

/**
 * Runs work that a first SIGINT or SIGTERM asks to stop, by its signal; a second one ends the
 * process at once.
 */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const off = onStopSignal((_, count) => {
    if (count > 1) {
      restoreCursor();
      process.exit(EXIT.interrupted);
    }
    stop.abort();
  });
  try {
    return await work(stop.signal);
  } finally {
    off();
  }
}
