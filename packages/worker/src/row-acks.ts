import type { ActiveAttempt } from './active-attempts.js';
import type { Recorder } from './recorder.js';

/**
 * The most ends of rows that are on their way at a time. They are written to the connection before the next row is begun, so that a process that is killed has passed them on; so few that
 * they never wait in its own memory for a slow Redis.
 */
const MOST_ON_THEIR_WAY = 32;

/** Carries the ends of the rows of one shared job to Redis, without a row waiting for the one before it. */
export class RowAcks {
  readonly #entry: ActiveAttempt;
  readonly #recorder: Recorder;
  readonly #isConnected: () => boolean;
  readonly #onTheirWay = new Set<Promise<void>>();
  #failed = false;

  constructor(entry: ActiveAttempt, recorder: Recorder, isConnected: () => boolean) {
    this.#entry = entry;
    this.#recorder = recorder;
    this.#isConnected = isConnected;
  }

  /** Whether Redis would not take one: the job is not ours any more, or it refuses for good. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Writes at once. Returns a promise only when the caller must wait before it begins another row: too many are on their way, or Redis is away.
   * @param written is called when Redis has it
   */
  write(write: () => Promise<unknown>, written: () => void): Promise<void> | undefined {
    const carried = this.#recorder.carry(this.#entry, write).then((end) => {
      this.#onTheirWay.delete(carried);
      if (end.kind === 'written') written();
      else this.#failed = true;
    });
    this.#onTheirWay.add(carried);
    if (this.#onTheirWay.size < MOST_ON_THEIR_WAY && this.#isConnected()) return undefined;
    return this.#isConnected() ? Promise.race(this.#onTheirWay) : this.flush();
  }

  /** Waits until Redis has all of them, or would not take one. */
  async flush(): Promise<void> {
    while (this.#onTheirWay.size > 0) await Promise.all(this.#onTheirWay);
  }
}
