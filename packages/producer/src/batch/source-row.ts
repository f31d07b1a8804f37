/** One entry of a source. */
export type SourceRow = {
  /** Its place, counted from 1. */
  readonly row: number;
  /** The line it starts on, in formats that have lines. */
  readonly line: number | undefined;
  /** The row as it stands in the source, for the running checksum: NDJSON its line, CSV its raw text, of a JSON array's element its JSON. */
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
