/**
 * Two chunks under way: one is being made or travels while Redis works on the other. More would
 * only take memory.
 */
const IN_FLIGHT = 2;

/** How a {@link ChunkWriter} writes. */
export interface ChunkWriting<Row, Seal> {
  /** A chunk is closed when it has so many rows … */
  readonly rows: number;
  /** … or its payloads so many characters. */
  readonly bytes: number;
  /** What there is to know of a chunk at the moment it is closed. */
  readonly seal: () => Seal;
  /** Sends one chunk. Called in the order of the rows. */
  readonly send: (rows: readonly Row[], seal: Seal) => Promise<unknown>;
  /**
   * Is called when a chunk has failed: to read on is of no use, and whoever waits for the next row
   * would not hear of it.
   */
  readonly failed: () => void;
}

/**
 * Collects rows into chunks bounded in rows and bytes, and sends them, at most two at a time.
 * Memory is bounded by three chunks, whatever the source.
 */
export class ChunkWriter<Row extends { readonly data: string }, Seal = undefined> {
  readonly #writing: ChunkWriting<Row, Seal>;
  readonly #inFlight = new Set<Promise<void>>();
  #rows: Row[] = [];
  #characters = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(writing: ChunkWriting<Row, Seal>) {
    this.#writing = writing;
  }

  /**
   * Takes a row. Returns a promise only when the caller must wait; it rejects with the first
   * chunk's failure.
   */
  add(row: Row): Promise<void> | undefined {
    this.#rows.push(row);
    // Characters, not bytes: exact enough for a bound, and a million times cheaper.
    this.#characters += row.data.length;
    const isFull = this.#rows.length >= this.#writing.rows || this.#characters >= this.#writing.bytes;
    return isFull ? this.cut() : undefined;
  }

  /** Closes the chunk at hand, empty or not, and sends it. */
  async cut(): Promise<void> {
    const rows = this.#rows;
    const seal = this.#writing.seal();
    [this.#rows, this.#characters] = [[], 0];
    while (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const sent: Promise<void> = this.#writing
      .send(rows, seal)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#writing.failed();
      })
      .then(() => void this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  /**
   * Sends what is left and waits until everything is answered. When it ends, however it ends,
   * nothing is under way any more.
   */
  async flush(): Promise<void> {
    try {
      if (this.#rows.length > 0) await this.cut();
    } finally {
      await Promise.all(this.#inFlight);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
