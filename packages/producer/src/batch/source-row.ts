/** One entry of a source. `row` counts from 1; `line` is where it starts, in formats that have lines. */
export type SourceRow = { readonly row: number; readonly line: number | undefined } & (
  | {
      readonly ok: true;
      readonly value: unknown /** The row's own JSON text, when it had one. */;
      readonly json?: string;
    }
  | { readonly ok: false; readonly reason: string; readonly text: string }
);
