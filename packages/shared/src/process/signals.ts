/** The signals that ask a process to stop. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** A signal that asks the process to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Calls `listener` for each SIGTERM and SIGINT, counted from 1. While it is installed these signals
 * no longer end the process.
 * @param takeOver ends the listening of somebody who could not act on signals yet, and returns
 *   those heard; they come first. Called when our listeners are in place: without
 *   any, a signal on its way to us would be lost
 * @returns a function that takes the listeners away again
 */
export function onStopSignal(
  listener: (signal: StopSignal, count: number) => void,
  takeOver: () => readonly NodeJS.Signals[] = () => [],
): () => void {
  let count = 0;
  const heard = (signal: NodeJS.Signals): void => {
    count += 1;
    listener(signal as StopSignal, count);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, heard);
  takeOver().forEach(heard);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, heard);
  };
}

/**
 * What nobody caught: an exception out of a callback, or a promise that was rejected and never
 * awaited.
 */
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Calls `listener` for each fault that nobody caught, in the asynchronous context it came from.
 * While it is installed these no longer end the process: the listener's owner must.
 * @returns a function that takes the listeners away again
 */
export function onFault(listener: (error: unknown) => void): () => void {
  for (const fault of FAULTS) process.on(fault, listener);
  return () => {
    for (const fault of FAULTS) process.off(fault, listener);
  };
}

/**
 * Calls `listener` with the exit code when the process exits, whoever ended it; what it returns is
 * the exit code instead, `undefined` leaves it as it is. Nothing asynchronous happens any more
 * then.
 * @returns a function that takes the listener away again
 */
export function onExit(listener: (code: number) => number | undefined): () => void {
  const exiting = (was: number): void => {
    const code = listener(was);
    if (code !== undefined) process.exitCode = code;
  };
  process.on('exit', exiting);
  return () => void process.off('exit', exiting);
}
