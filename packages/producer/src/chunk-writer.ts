import { type Added, CHUNK_BYTES, CHUNK_ROWS, type JobRow } from './insert.js';

/** Two chunks under way: one is being made or travels while Redis works on the other. More would only take memory. */
const IN_FLIGHT = 2;

/**
 * Collects rows into chunks bounded in rows and bytes, and sends them, at most two at a time. Memory is bounded by three chunks,
 * whatever the source.
 */
export class ChunkWriter<Tag> {
  readonly #send: (rows: readonly JobRow[]) => Promise<readonly Added[]>;
  readonly #answered: (tags: readonly Tag[], rows: readonly JobRow[], answers: readonly Added[]) => void;
  readonly #inFlight = new Set<Promise<void>>();
  #rows: JobRow[] = [];
  #tags: Tag[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param send sends one chunk and answers for each of its rows
   * @param answered is told each chunk's answers, in the order in which they come
   */
  constructor(
    send: (rows: readonly JobRow[]) => Promise<readonly Added[]>,
    answered: (tags: readonly Tag[], rows: readonly JobRow[], answers: readonly Added[]) => void,
  ) {
    this.#send = send;
    this.#answered = answered;
  }

  /** Takes a row. Returns a promise only when the caller must wait; it rejects with the first chunk's failure. */
  add(row: JobRow, tag: Tag): Promise<void> | undefined {
    this.#rows.push(row);
    this.#tags.push(tag);
    // Characters, not bytes: exact enough for a bound, and a million times cheaper.
    this.#bytes += row.data.length;
    return this.#rows.length >= CHUNK_ROWS || this.#bytes >= CHUNK_BYTES ? this.#dispatch() : undefined;
  }

  /** Sends what is left and waits until everything is answered. When it ends, however it ends, nothing is under way any more. */
  async flush(): Promise<void> {
    try {
      if (this.#rows.length > 0) await this.#dispatch();
    } finally {
      await Promise.all(this.#inFlight);
    }
    this.#throwFailure();
  }

  async #dispatch(): Promise<void> {
    while (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const [rows, tags] = [this.#rows, this.#tags];
    [this.#rows, this.#tags, this.#bytes] = [[], [], 0];
    const sent: Promise<void> = this.#send(rows)
      .then((answers) => this.#answered(tags, rows, answers))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
