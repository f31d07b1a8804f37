/** The signals that ask a process to stop. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** A signal that asks the process to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Tells of a signal that another thread of this process has heard.
 * @param nth how often that thread has heard this signal, from 1
 */
export type TellHeard = (signal: StopSignal, nth: number) => void;

/**
 * Calls `listener` for each SIGTERM and SIGINT, with their count from 1. Meanwhile these signals do
 * not end the process.
 * @param takeOver removes earlier listeners, which only recorded signals, and returns the signals
 *   that they recorded; these are reported first. Called after our listeners are in place, so that
 *   no signal is lost
 * @param elsewhere is given a function to tell of signals that another thread has heard. They count
 *   when other code has removed our listeners
 * @returns a function that removes the listeners
 */
export function onStopSignal(
  listener: (signal: StopSignal, count: number) => void,
  takeOver: () => readonly NodeJS.Signals[] = () => [],
  elsewhere: (tell: TellHeard) => void = () => undefined,
): () => void {
  let count = 0;
  const times: Record<StopSignal, number> = { SIGTERM: 0, SIGINT: 0 };
  const heard = (signal: NodeJS.Signals): void => {
    times[signal as StopSignal] += 1;
    count += 1;
    listener(signal as StopSignal, count);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, heard);
  takeOver().forEach(heard);
  elsewhere((signal, nth) => {
    // While our listener is in place, we have heard this signal or shall hear it ourselves.
    if (nth > times[signal] && !process.listeners(signal).includes(heard)) heard(signal);
  });
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, heard);
  };
}

/**
 * Events of an uncaught error: an exception out of a callback, or a rejected promise that nobody
 * awaits.
 */
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Calls `listener` for each uncaught error, in the asynchronous context that it came from.
 * Meanwhile uncaught errors do not end the process; the caller must end it.
 * @returns a function that removes the listeners
 */
export function onFault(listener: (error: unknown) => void): () => void {
  for (const fault of FAULTS) process.on(fault, listener);
  return () => {
    for (const fault of FAULTS) process.off(fault, listener);
  };
}

/**
 * Calls `listener` with the exit code when the process exits, for any reason. The listener can
 * return another exit code, or `undefined` to keep it. It must be synchronous.
 * @returns a function that removes the listener
 */
export function onExit(listener: (code: number) => number | undefined): () => void {
  const exiting = (was: number): void => {
    const code = listener(was);
    if (code !== undefined) process.exitCode = code;
  };
  process.on('exit', exiting);
  return () => void process.off('exit', exiting);
}
