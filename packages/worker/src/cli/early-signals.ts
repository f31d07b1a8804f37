/**
 * Records stop signals from the first moment of the process on, while its modules are still being
 * loaded. Without it such a signal would end the process at once, or would be ignored when the
 * process is the first one of a container. Imports nothing, so that it can run first.
 * @returns a function that stops recording, and returns the signals that came
 */
export function hearEarlySignals(): () => NodeJS.Signals[] {
  const heard: NodeJS.Signals[] = [];
  const hear = (signal: NodeJS.Signals): void => void heard.push(signal);
  process.on('SIGTERM', hear);
  process.on('SIGINT', hear);
  return () => {
    process.off('SIGTERM', hear);
    process.off('SIGINT', hear);
    return heard;
  };
}
