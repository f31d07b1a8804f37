/**
 * What one attempt reports of its progress. One value at a time goes to Redis. Of the values that
 * come meanwhile only the last one goes after it: a handler may report faster than Redis answers.
 */
export class AttemptProgress {
  readonly #record: (value: unknown) => Promise<void>;
  #recording: Promise<void> | undefined;
  #next: { value: unknown; readonly recorded: Promise<void> } | undefined;

  /** @param record records a value; must not reject */
  constructor(record: (value: unknown) => Promise<void>) {
    this.#record = record;
  }

  /** Resolves when this value, or one that came after it, is recorded. */
  report(value: unknown): Promise<void> {
    if (this.#recording === undefined) return this.#send(value);
    if (this.#next === undefined) this.#next = { value, recorded: this.#recording.then(() => this.flush()) };
    else this.#next.value = value;
    return this.#next.recorded;
  }

  /** Sends the value that waits now, so that it stands before the next command. */
  flush(): Promise<void> | undefined {
    if (this.#next === undefined) return this.#recording;
    const { value } = this.#next;
    this.#next = undefined;
    return this.#send(value);
  }

  #send(value: unknown): Promise<void> {
    const recording = this.#record(value).then(() => {
      if (this.#recording === recording) this.#recording = undefined;
    });
    this.#recording = recording;
    return recording;
  }
}
