import type { ActiveAttempt } from './active-attempts.js';
import type { SharedJob } from './books.js';
import { notOurs, type Recorder } from './recorder.js';
import type { RowEnds } from './row-ends.js';
import type { RowNote } from './row-note.js';

/** Carries the ends of the rows of one shared job to Redis, without a row waiting for Redis to answer for the one before it. */
export class RowAcks {
  readonly #job: SharedJob;
  readonly #entry: ActiveAttempt;
  readonly #recorder: Recorder;
  readonly #ends: RowEnds;
  #onTheirWay = 0;
  #failed = false;
  #flushed: (() => void) | undefined;

  constructor(job: SharedJob, entry: ActiveAttempt, recorder: Recorder, ends: RowEnds) {
    this.#job = job;
    this.#entry = entry;
    this.#recorder = recorder;
    this.#ends = ends;
  }

  /** Whether Redis would not take one: the job is not ours any more, or it refuses for good. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Sends ends of rows. What it returns is to be waited for before the next row is begun.
   * @param written is called when Redis has them
   */
  write(notes: readonly RowNote[], written: () => void): Promise<unknown> {
    const { sent, answers, at } = this.#ends.send(this.#job, notes);
    this.#onTheirWay += 1;
    answers.then(
      (all) => (all[at] === '1' ? this.#through(written) : this.#again(notes, written)),
      () => this.#again(notes, written),
    );
    return sent;
  }

  /** Writes something else about the rows; as {@link write}, but waits for Redis' answer. */
  async carry(write: () => Promise<unknown>, written: () => void): Promise<void> {
    this.#onTheirWay += 1;
    await this.#carry(write, written);
  }

  /** Waits until Redis has all of them, or would not take one. */
  async flush(): Promise<void> {
    while (this.#onTheirWay > 0) {
      await new Promise<void>((resolve) => {
        this.#flushed = resolve;
      });
    }
  }

  async #again(notes: readonly RowNote[], written: () => void): Promise<void> {
    await this.#carry(async () => {
      const { answers, at } = this.#ends.send(this.#job, notes);
      if ((await answers)[at] !== '1') throw notOurs();
    }, written);
  }

  async #carry(write: () => Promise<unknown>, written: () => void): Promise<void> {
    const end = await this.#recorder.carry(this.#entry, write);
    if (end.kind !== 'written') this.#failed = true;
    this.#through(end.kind === 'written' ? written : () => undefined);
  }

  #through(written: () => void): void {
    this.#onTheirWay -= 1;
    written();
    if (this.#onTheirWay === 0) this.#flushed?.();
  }
}
