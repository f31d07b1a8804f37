/**
 * Hears the signals that ask this process to stop from its first moment on, while everything else
 * is still being loaded; without it they would end the process on the spot, or, for the first
 * process of a container, be ignored. Imports nothing, so that it can be first.
 * @returns a function that stops hearing, and returns what was heard
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
