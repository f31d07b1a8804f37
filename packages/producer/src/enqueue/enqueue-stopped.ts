import { BullpenError } from '@bullpen/shared';
import type { EnqueuedRow } from './enqueued.js';

/**
 * `enqueueMany` stopped part of the way. Its `cause` says why. What became of each payload until
 * then is in `answers`. Payloads with keys may all be enqueued again.
 * @example
 * if (hasCode<EnqueueStopped>(error, 'BULLPEN_ENQUEUE_STOPPED')) console.error(error.answers, error.cause);
 */
export class EnqueueStopped extends BullpenError {
  /** The code of this class, for `hasCode`. */
  readonly code = 'BULLPEN_ENQUEUE_STOPPED';
  /**
   * The answer for each payload that was read, in order. `undefined` for a payload that was not
   * sent, or whose answer is not known: `unanswered` of a `RedisUnavailable` says so.
   */
  readonly answers: readonly (EnqueuedRow | undefined)[];

  constructor(answers: readonly (EnqueuedRow | undefined)[], cause: unknown) {
    const count = (status: EnqueuedRow['status']) => answers.filter((answer) => answer?.status === status).length;
    const counts = `${count('added')} added, ${count('duplicate')} duplicate, ${count('rejected')} rejected`;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`enqueueMany stopped, of ${answers.length} payloads read so far ${counts}: ${why}`, { cause });
    this.answers = answers;
  }
}
