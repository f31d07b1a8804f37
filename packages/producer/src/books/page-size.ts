/** The most rows that are read in one trip, and about the most bytes. */
const MAX_ROWS = 500;
const MAX_BYTES = 2_097_152;

/**
 * How many rows to read next: few at first, for a payload may have a megabyte; more as long as they
 * are small.
 */
export class PageSize {
  #rows = 16;

  get rows(): number {
    return this.#rows;
  }

  /** @param rows read in the last trip, which had so many `characters` together */
  learn(rows: number, characters: number): void {
    const fit = Math.floor((MAX_BYTES * rows) / Math.max(1, characters));
    this.#rows = Math.max(1, Math.min(fit, this.#rows * 4, MAX_ROWS));
  }
}
