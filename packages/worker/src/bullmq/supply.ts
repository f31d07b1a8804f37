/** What a turn found. */
interface Found {
  /** How many jobs it asked for, and how many it brought. */
  readonly asked: number;
  readonly brought: number;
  /** In how many ms the first delayed job is due; infinite when there is none. */
  readonly dueInMs: number;
}

/** The most jobs that one turn fetches: Redis takes milliseconds, and Lua only so many arguments. */
const MAX_FETCHED = 250;

/** What a main loop knows of the jobs that its queue has now. */
export class Supply {
  /** How many jobs the turns on their way may bring. */
  #asked = 0;
  #isDrained = false;
  /** Whether the last answer said so. An idle queue is drained after each wait again. */
  #wasDrained = false;
  #isWaiting = false;
  /** Whether a wait has ended for a job that no turn has asked for since. */
  #isWoken = false;
  /** When the first delayed job is due, on the monotonic clock (ms). */
  #dueAt = Number.POSITIVE_INFINITY;
  /**
   * The most jobs that one turn fetches. One job wakes one worker, and a worker that takes all it has
   * slots for would leave nothing to others that are idle. So it begins with one after a wait, which
   * wakes the next worker if there are more, and then takes twice as many each time.
   */
  #appetite = MAX_FETCHED;

  get asked(): number {
    return this.#asked;
  }

  get appetite(): number {
    return this.#appetite;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether a turn that brings jobs may be sent: none is on its way, and there may be some. */
  get mayAsk(): boolean {
    return !this.#isDrained && this.#asked === 0;
  }

  /** Whether there is nothing to do but to wait for a job. */
  get mustWait(): boolean {
    return this.#isDrained && !this.#isWaiting && this.#asked === 0;
  }

  ask(count: number): void {
    this.#asked += count;
    if (count > 0) this.#isWoken = false;
  }

  /** A turn was answered, or has failed. */
  answered(count: number): void {
    this.#asked -= count;
  }

  /** There may be jobs, whatever the last turn brought. */
  mayHaveMore(): void {
    this.#isDrained = false;
  }

  /** @returns whether the queue has become empty */
  found({ asked, brought, dueInMs }: Found): boolean {
    if (brought === asked) this.#appetite = Math.min(2 * this.#appetite, MAX_FETCHED);
    // The turn may have found nothing a moment before the job came for which a wait has ended since.
    this.#isDrained = brought < asked && !this.#isWoken;
    this.#dueAt = performance.now() + dueInMs;
    const hasDrained = this.#isDrained && !this.#wasDrained;
    this.#wasDrained = this.#isDrained;
    return hasDrained;
  }

  /** @returns for how long to wait, in ms: until the next delayed job is due */
  beginWait(): number {
    this.#isWaiting = true;
    return Math.max(0, this.#dueAt - performance.now());
  }

  /** @param inMs in how many ms there may be a job; 0 or less: now */
  endWait(inMs: number): void {
    this.#isWaiting = false;
    this.#dueAt = Math.min(this.#dueAt, performance.now() + inMs);
    if (inMs >= 1) return;
    this.#isDrained = false;
    this.#isWoken = true;
    this.#appetite = 1;
  }
}
