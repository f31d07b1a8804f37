/** One row of a source. */
export type SourceRow = {
  /** The number of the row, from 1. */
  readonly row: number;
  /** The line on which it starts. `undefined` when the format has no lines. */
  readonly line: number | undefined;
  /**
   * The text of the row, for the running checksum: the line of NDJSON, the raw text of CSV, an
   * element of a JSON array written as JSON. For a row that is not ok, the beginning of its text.
   */
  readonly text: string;
} & (
  | {
      /** Whether the row parsed. */
      readonly ok: true;
      /** The row: an object for CSV, any JSON value otherwise. */
      readonly value: unknown;
      /** The JSON text of the row, when the source has it. */
      readonly json?: string;
    }
  | {
      /** Whether the row parsed. */
      readonly ok: false;
      /** Why it did not parse. */
      readonly reason: string;
    }
);

/**
 * The most bytes of a row. A longer row is a line without an end or a quote that was never closed.
 * No more than this is kept in memory.
 */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;

/** How many characters are kept of a row that does not parse, to show them to people. */
export const CLIPPED_LENGTH = 10_000;

/**
 * As many bytes of UTF-8 hold so many characters: at most three for each. One character more shows
 * that there was something to cut off.
 */
export const CLIPPED_BYTES = 3 * (CLIPPED_LENGTH + 1);

/**
 * The beginning of the text of a row that does not parse. It is the same for the same row, whatever
 * pieces the row came in.
 */
export function clipText(text: string): string {
  // Never half of a surrogate pair: it is no valid text, and changes when it is hashed or written.
  return text.length <= CLIPPED_LENGTH ? text : text.slice(0, CLIPPED_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
}

/** As {@link clipText}, for bytes that were not decoded yet. */
export function clipBytes(bytes: Buffer): string {
  return clipText(bytes.toString('utf8', 0, CLIPPED_BYTES));
}
