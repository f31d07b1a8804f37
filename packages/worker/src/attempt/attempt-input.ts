import type { AnyHandler, Context } from '../handlers/handler.js';
import type { AttemptStop } from './attempt-stop.js';

/** What an attempt starts from. */
export interface AttemptInput {
  readonly handler: AnyHandler | undefined;
  readonly jobName: string;
  readonly payload: unknown;
  /** The id of the row, or of the job. */
  readonly rowId: string;
  /** How many processes have died under the job. */
  readonly crashes: number;
  /**
   * The instant from which the handler must not start any more, by the clock of the fleet
   * (milliseconds since 1970).
   */
  readonly expiresAt: number | undefined;
  /**
   * The fields of the job that were not JSON when it was fetched; `undefined` when it is
   * well-formed.
   */
  readonly malformed: readonly string[] | undefined;
  /** When it started, on the monotonic clock (ms). */
  readonly startedAt: number;
  /** What time it is by the clock of the fleet, in milliseconds since 1970. */
  now(): number;
  /**
   * Makes what the handler gets beside the payload. Called only when the handler runs.
   * @param deadline an instant on the monotonic clock (ms)
   */
  context(deadline: number): Context;
  readonly stop: AttemptStop;
  /**
   * Called when the handler still runs some time after its deadline. It keeps its slot: if the job
   * were attempted elsewhere now, it would run twice at once.
   */
  onStuck?(): void;
}
