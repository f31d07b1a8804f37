import type { StopSignal } from '@bullpen/shared/internal';

/**
 * Where the main thread leaves a function that the watchdog calls there before it ends a process
 * that was told to stop. A key of the global object: the thread shares no function with it.
 */
export const LAST_WORD = 'bullpen.lastWord';

/** What the thread is started with. */
export interface WatchdogData {
  /** A counter that goes up while the event loop of the main thread runs. */
  readonly beats: Int32Array;
  /** The exit code when the watchdog ends the process. */
  readonly code: number;
  /** The signals that the thread listens to. */
  readonly signals: readonly StopSignal[];
  /** When the process must end after a first signal that the main thread does not answer. */
  readonly firstSignalMs: number;
  /** The same for each signal after the first. */
  readonly nextSignalMs: number;
}

/** A message to the thread. */
export interface WatchdogMessage {
  /**
   * The process must end within so many milliseconds. Of several, the earliest end counts. Answers
   * the signals before it.
   */
  readonly endInMs?: number;
  /** How long the event loop may stand still, in milliseconds. */
  readonly stillMs?: number;
  /** The next message comes within so many milliseconds, and no beat before; 0 ends this. */
  readonly restMs?: number;
}

/** A message from the thread. */
export type WatchdogReport =
  | {
      readonly heard: StopSignal;
      /** How often the thread has heard this signal, from 1. */
      readonly nth: number;
    }
  /** This Node does not let a thread hear signals. */
  | { readonly isDeaf: true };
