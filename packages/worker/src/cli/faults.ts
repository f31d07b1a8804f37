import type { Logger } from '@bullpen/shared';
import { EXIT, onFault } from '@bullpen/shared/internal';
import type { RunningWorker } from '../running-worker.js';
import type { ExitReason } from './exit-reason.js';

/** A timer that throws does so again and again while the worker drains. */
const MAX_LOGGED = 10;

/**
 * Drains the worker when there is an error that nobody caught: nothing is certain any more then.
 * @returns a function that says how many there were beside those that were logged
 */
export function hearFaults(
  worker: () => RunningWorker | undefined,
  exitReason: ExitReason,
  log: Logger,
): { readonly sayRest: () => void } {
  let count = 0;
  onFault((error) => {
    const running = worker();
    const { isItsAbort = false, ...job } = running?.faultOwner(error) ?? { activeJobIds: running?.activeJobIds() };
    if (isItsAbort) {
      log.warn(job, 'a promise that nobody awaits was rejected as its attempt was aborted');
      return;
    }
    // First of all: whatever was thrown, it may be that not even logging it works.
    exitReason.end(EXIT.failure);
    count += 1;
    if (count > MAX_LOGGED) return;
    log.fatal({ err: error, ...job }, 'nobody caught an error; draining, as nothing is certain any more');
  });
  return {
    sayRest() {
      if (count > MAX_LOGGED) log.fatal({ errors: count }, 'errors that nobody caught, the first of them logged');
    },
  };
}

/**
 * What to do when the process exits and it was not us who ended it: a handler, or a signal listener
 * of the team's, called `process.exit`.
 * @returns the exit code, for what the process would have said of itself would not be true
 */
export function endedByOthers(
  code: number,
  worker: RunningWorker | undefined,
  exitReason: ExitReason,
  log: Logger,
): number | undefined {
  const activeJobIds = worker?.activeJobIds() ?? [];
  if (worker === undefined && !exitReason.isSet) {
    log.fatal('process was ended by other code before the worker had started');
    return code || EXIT.failure;
  }
  if (activeJobIds.length === 0) return undefined;
  // In a deploy they go on elsewhere, free of charge. Without one it is a crash like any other, or
  // a handler that exits would do so for ever.
  if (exitReason.signals > 0) worker?.handBackAll();
  log.fatal({ activeJobIds }, 'process was ended by other code while jobs were active');
  return EXIT.cutOff;
}
