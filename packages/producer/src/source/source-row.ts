/** One entry of a source. */
export type SourceRow = {
  /** Its number, from 1. */
  readonly row: number;
  /** The line where it starts, in formats that have lines. */
  readonly line: number | undefined;
  /**
   * The row as it stands in the source, for the running checksum: NDJSON its line, CSV its raw
   * text, of a JSON array's element its JSON. Of a row that is not ok, its beginning.
   */
  readonly text: string;
} & (
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The row's own JSON text, when it had one. */
      readonly json?: string;
    }
  | { readonly ok: false; readonly reason: string }
);

/**
 * No row is longer than this, and no more of one is held: it is a line without an end, or a quote
 * that was never closed.
 */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;

/** How many characters of a row that does not parse are kept, for people. */
export const CLIPPED_LENGTH = 10_000;

/**
 * How many bytes of UTF-8 hold that much: no character has more than three for each unit of its
 * length. One more, so that a cut shows beyond.
 */
export const CLIPPED_BYTES = 3 * (CLIPPED_LENGTH + 1);

/**
 * The beginning of the text of a row that does not parse: the same for the same row, whatever
 * pieces it came in.
 */
export function clipText(text: string): string {
  // Not in the middle of a surrogate pair: half of one is no text, and hashes and files would make
  // something else of it.
  return text.length <= CLIPPED_LENGTH ? text : text.slice(0, CLIPPED_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
}

/** As {@link clipText}, of a text that was not decoded yet. */
export function clipBytes(bytes: Buffer): string {
  return clipText(bytes.toString('utf8', 0, CLIPPED_BYTES));
}
