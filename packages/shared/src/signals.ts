/** The signals that ask a process to stop. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** A signal that asks the process to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Calls `listener` for each SIGTERM and SIGINT, counted from 1. While it is installed these signals no longer end the process.
 * @returns a function that takes the listeners away again
 */
export function onStopSignal(listener: (signal: StopSignal, count: number) => void): () => void {
  let count = 0;
  const heard = (signal: NodeJS.Signals): void => {
    count += 1;
    listener(signal as StopSignal, count);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, heard);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, heard);
  };
}
