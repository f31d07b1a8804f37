/**
 * Where rows share jobs, a chunk takes up to so many of them, or a megabyte; else up to so many.
 * These are the producer's own limits.
 */
const SHARED_CHUNK_ROWS = 5_000;
const CHUNK_ROWS = 1_000;
const CHUNK_CHARACTERS = 1_048_576;

/** About how long a row of the proof is without padding. */
const ROW_CHARACTERS = 70;
/** How many chunks a batch should have, so that kills fall between them. */
const CHUNKS = 50;
const FEWEST_ROWS = 250;

/** How many rows go into a chunk, given the padding. */
export function chunkRowsOf(rows: number, rowsPerJob: number): number {
  if (rowsPerJob === 1) return CHUNK_ROWS;
  return Math.min(SHARED_CHUNK_ROWS, Math.max(FEWEST_ROWS, Math.ceil(rows / CHUNKS)));
}

/** How many characters to add to a row so that a chunk is full with so many. */
export function padFor(chunkRows: number, rowsPerJob: number): number {
  return rowsPerJob === 1 ? 0 : Math.max(0, Math.ceil(CHUNK_CHARACTERS / chunkRows) - ROW_CHARACTERS);
}

/**
 * How many jobs may wait before a slowed producer waits too: enough for the workers, and no more.
 */
export function maxWaitingOf(chunkRows: number, rowsPerJob: number): number {
  return Math.max(1, Math.floor(chunkRows / rowsPerJob));
}
