/**
 * At most two chunks are on their way: we make or send one while Redis works on the other. More
 * would only take memory.
 */
const IN_FLIGHT = 2;

/** What a {@link ChunkWriter} needs. */
interface ChunkWriterDeps<Row, Range> {
  /** A chunk is full when it has so many rows. */
  readonly maxRows: number;
  /** A chunk is also full when its payloads have so many characters. */
  readonly maxCharacters: number;
  /** Returns which part of the source a chunk covers. Called when the chunk is closed. */
  readonly takeRange: () => Range;
  /** Sends one chunk. Called in the order of the rows. */
  readonly send: (rows: readonly Row[], range: Range) => Promise<unknown>;
  /**
   * Called when a chunk has failed. The caller should stop reading: a reader that waits for the
   * next row would not learn of the failure.
   */
  readonly onFailure: () => void;
}

/**
 * Collects rows into chunks and sends them, at most two at a time. The memory is limited to three
 * chunks, however large the source is.
 */
export class ChunkWriter<Row extends { readonly data: string }, Range = undefined> {
  readonly #deps: ChunkWriterDeps<Row, Range>;
  readonly #inFlight = new Set<Promise<void>>();
  #rows: Row[] = [];
  #characters = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(deps: ChunkWriterDeps<Row, Range>) {
    this.#deps = deps;
  }

  /**
   * Takes a row. Returns a promise only when the caller must wait. The promise rejects with the
   * first failure of a chunk.
   */
  add(row: Row): Promise<void> | undefined {
    this.#rows.push(row);
    // Characters, not bytes: exact enough for a limit, and much cheaper to count.
    this.#characters += row.data.length;
    const isFull = this.#rows.length >= this.#deps.maxRows || this.#characters >= this.#deps.maxCharacters;
    return isFull ? this.sendChunk() : undefined;
  }

  /** Closes the current chunk, even an empty one, and sends it. */
  async sendChunk(): Promise<void> {
    const rows = this.#rows;
    const range = this.#deps.takeRange();
    [this.#rows, this.#characters] = [[], 0];
    while (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const sent: Promise<void> = this.#deps
      .send(rows, range)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#deps.onFailure();
      })
      .then(() => void this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  /**
   * Sends the rest and waits until every chunk is answered. No chunk is on its way any more when
   * this ends, also when it throws.
   */
  async flush(): Promise<void> {
    try {
      if (this.#rows.length > 0) await this.sendChunk();
    } finally {
      await Promise.all(this.#inFlight);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
