import type { Logger } from '@bullpen/shared';
import { EXIT } from '@bullpen/shared/command';
import { onFault } from '@bullpen/shared/internal';
import type { RunningWorker } from '../running-worker.js';
import type { ExitReason } from './exit-reason.js';

/** A timer that throws can throw again and again while the worker drains. */
const MAX_LOGGED = 10;

/**
 * Ends the process, by `exitReason`, after an uncaught error: the state of the process is uncertain
 * then.
 * @returns `logRest`, which logs how many errors there were, if not all of them were logged
 */
export function watchFaults(
  worker: () => RunningWorker | undefined,
  exitReason: ExitReason,
  log: Logger,
): { readonly logRest: () => void } {
  let count = 0;
  onFault((error) => {
    const running = worker();
    const { isItsAbort = false, ...job } = running?.process.faultOwner(error) ?? {
      activeJobIds: running?.process.activeJobIds(),
    };
    if (isItsAbort) {
      log.warn(job, 'a promise that nobody awaits was rejected when its attempt was aborted');
      return;
    }
    // Comes first, because even logging what was thrown may fail.
    exitReason.end(EXIT.failure);
    count += 1;
    if (count > MAX_LOGGED) return;
    log.fatal({ err: error, ...job }, 'uncaught error; draining, because the state of the process is uncertain');
  });
  return {
    logRest() {
      if (count > MAX_LOGGED) log.fatal({ errors: count }, `uncaught errors; only the first ${MAX_LOGGED} were logged`);
    },
  };
}

/**
 * Reports that code of the team called `process.exit`, in a handler or in a signal listener.
 * @returns the exit code to use instead, because theirs would hide that work was cut off
 */
export function endedByOthers(
  code: number,
  worker: RunningWorker | undefined,
  exitReason: ExitReason,
  log: Logger,
): number | undefined {
  const activeJobIds = worker?.process.activeJobIds() ?? [];
  if (worker === undefined && !exitReason.isSet) {
    log.fatal('process was ended by other code before the worker had started');
    return code || EXIT.failure;
  }
  if (activeJobIds.length === 0) return undefined;
  // In a deploy the jobs are handed back, no crash counted. Otherwise they must count as crashed,
  // or a handler that exits would run again for ever.
  if (exitReason.signals > 0) worker?.process.handBackAll();
  log.fatal({ activeJobIds }, 'process was ended by other code while jobs were active');
  return EXIT.cutOff;
}
