/** The signals that ask a process to end. A closed terminal sends SIGHUP. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that asks a process to end. */
export type EndingSignal = (typeof endingSignals)[number];

/** Calls `listener` for each of these signals, which then no longer end this process. */
export function onEndingSignal(listener: (signal: EndingSignal) => void): void {
  for (const signal of endingSignals) process.on(signal, listener);
}
