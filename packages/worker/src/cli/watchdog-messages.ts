/** What the thread is started with. */
export interface WatchdogData {
  /** A counter that goes up while the event loop of the main thread runs. */
  readonly beats: Int32Array;
  /** The exit code when the watchdog ends the process. */
  readonly code: number;
}

/** A message to the thread. */
export interface WatchdogMessage {
  /** The process must end within so many milliseconds. Of several, the earliest end counts. */
  readonly endInMs?: number;
  /** How long the event loop may stand still, in milliseconds. */
  readonly stillMs?: number;
}
