import type { Context, Handler } from '../handlers/handler.js';
import type { AttemptStop } from './attempt-stop.js';

/** What an attempt starts from. */
export interface AttemptInput {
  readonly handler: Handler | undefined;
  readonly jobName: string;
  readonly payload: unknown;
  /** What the row, or the job, is known by. */
  readonly rowId: string;
  /** How many worker processes died under the job so far. */
  readonly crashes: number;
  /** The instant after which the handler must not start any more (ms since 1970). */
  readonly expiresAt: number | undefined;
  /** The fields of the job that were not JSON when it was fetched. */
  readonly malformed: readonly string[] | undefined;
  readonly startedAt: number;
  /**
   * What the handler is given beside the payload; made only if there is a handler to give it to.
   */
  context(deadline: number): Context;
  readonly stop: AttemptStop;
  /**
   * Is called when the handler is still running some time after its deadline. It keeps its slot: to
   * attempt the job elsewhere now would run it twice at once.
   */
  onStuck?(): void;
}
