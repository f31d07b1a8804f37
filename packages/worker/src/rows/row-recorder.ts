import type { RowNote } from '../attempt/row-note.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import { notOurs, type Recorder } from '../in-flight/recorder.js';
import type { RowCalls } from './row-calls.js';
import type { SharedJob } from './row-jobs.js';

/**
 * Carries the ends of the rows of one shared job to Redis. A row's end is answered before the next
 * is begun: what has only left this process is lost with it, should Redis not have read it yet (its
 * answer finds nobody, and Redis closes the connection with all that came behind). So a crash
 * repeats at most the row in hand.
 */
export class RowRecorder {
  readonly #job: SharedJob;
  readonly #attempt: ActiveAttempt;
  readonly #recorder: Recorder;
  readonly #calls: RowCalls;
  #failed = false;

  constructor(job: SharedJob, attempt: ActiveAttempt, recorder: Recorder, calls: RowCalls) {
    this.#job = job;
    this.#attempt = attempt;
    this.#recorder = recorder;
    this.#calls = calls;
  }

  /** Whether Redis would not take one: the job is not ours any more, or it refuses for good. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Writes ends of rows, through an outage; whether Redis has them. */
  async write(notes: readonly RowNote[]): Promise<boolean> {
    const isWritten = await this.#calls.send(this.#job, notes).catch(() => false);
    return (
      isWritten ||
      this.carry(async () => {
        if (!(await this.#calls.sendAlone(this.#job, notes))) throw notOurs();
      })
    );
  }

  /** Writes something else about the rows, through an outage; whether Redis has it. */
  async carry(write: () => Promise<unknown>): Promise<boolean> {
    const { kind } = await this.#recorder.carry(this.#attempt, write);
    if (kind !== 'written') this.#failed = true;
    return kind === 'written';
  }
}
