import type { RowNote } from '../attempt/row-note.js';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import { notOurs, type Recorder } from '../in-flight/recorder.js';
import type { RowCalls } from './row-calls.js';
import type { SharedJob } from './row-jobs.js';

/**
 * Records the ends of the rows of one shared job. Redis must answer to one row before the next
 * begins: what has only left this process may be lost with it, because Redis closes a connection whose
 * client is gone and drops the commands it has not read. So a crash repeats at most one row.
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

  /** Whether something could not be recorded: the job is not ours any more, or Redis refuses for good. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Records ends of rows, through an outage.
   * @returns whether Redis has them
   */
  async record(notes: readonly RowNote[]): Promise<boolean> {
    const isRecorded = await this.#calls.send(this.#job, notes).catch(() => false);
    return (
      isRecorded ||
      this.write(async () => {
        if (!(await this.#calls.sendAlone(this.#job, notes))) throw notOurs();
      })
    );
  }

  /**
   * Writes something else about the rows, through an outage.
   * @returns whether Redis has it
   */
  async write(send: () => Promise<unknown>): Promise<boolean> {
    const { kind } = await this.#recorder.write(this.#attempt, send);
    if (kind !== 'written') this.#failed = true;
    return kind === 'written';
  }
}
