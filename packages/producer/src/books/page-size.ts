/** At most so many rows, and about so many characters, are read in one trip. */
const MAX_ROWS = 500;
const MAX_CHARACTERS = 2_097_152;

/**
 * Decides how many rows to read in the next trip. It begins with few, because a payload may have a
 * megabyte, and takes more as long as the rows are small.
 */
export class PageSize {
  #rows = 16;

  get rows(): number {
    return this.#rows;
  }

  /** Adapts to the last trip, which read so many rows with so many characters together. */
  learn(rows: number, characters: number): void {
    const fit = Math.floor((MAX_CHARACTERS * rows) / Math.max(1, characters));
    this.#rows = Math.max(1, Math.min(fit, this.#rows * 4, MAX_ROWS));
  }
}
