import { SourceInvalid } from '@bullpen/shared';
import { PAYLOAD_BYTES } from '../enqueue/payload.js';

/** A row with more characters is refused: its payload would be too large. */
const MAX_CHARACTERS = 2 * PAYLOAD_BYTES;

const STRAY_QUOTE = 'a quote stands inside a cell; quote the cell and double the quote';

/** Matches a row whose quotes all open or close a cell, or are doubled inside a quoted cell. */
function wellQuoted(delimiter: string): RegExp {
  const between = `\\x${delimiter.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const cell = `(?:"[^"]*(?:""[^"]*)*"|[^"${between}]*)`;
  return new RegExp(`^${cell}(?:${between}${cell})*$`);
}

/** Checks the cells of a table. */
export class CellChecks {
  readonly #wellQuoted: RegExp;

  constructor(delimiter: string) {
    this.#wellQuoted = wellQuoted(delimiter);
  }

  /**
   * Reads the names of the columns.
   * @throws SourceInvalid when the header is unusable
   */
  readHeader(cells: readonly string[], text: string): readonly string[] {
    if (this.#hasStrayQuote(cells, text)) throw new SourceInvalid(`in the CSV header, ${STRAY_QUOTE}`);
    const names = cells.map((name) => name.trim());
    const empty = names.indexOf('');
    if (empty >= 0) throw new SourceInvalid(`column ${empty + 1} of the CSV header has no name`);
    const second = names.findIndex((name, at) => names.indexOf(name) !== at);
    if (second < 0) return names;
    const first = names.indexOf(names[second] ?? '');
    throw new SourceInvalid(`the CSV header names '${names[second]}' twice, in columns ${first + 1} and ${second + 1}`);
  }

  /** Why a row is refused. `undefined` when it is not. */
  faultOf(cells: readonly string[], text: string, columns: number): string | undefined {
    if (text.length > MAX_CHARACTERS) return `is longer than ${MAX_CHARACTERS} characters`;
    if (this.#hasStrayQuote(cells, text)) return STRAY_QUOTE;
    return cells.length === columns ? undefined : `expected ${columns} cells, got ${cells.length}`;
  }

  #hasStrayQuote(cells: readonly string[], text: string): boolean {
    return text.includes('"') && cells.some((cell) => cell.includes('"')) && !this.#wellQuoted.test(text);
  }
}

/** The fields of a row. An empty cell is an absent field. */
export function readFields(names: readonly string[], cells: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [at, name] of names.entries()) {
    const value = cells[at];
    if (value === undefined || value === '') continue;
    // An assignment to this name would set the prototype of the object and make no field.
    if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true, writable: true });
    else fields[name] = value;
  }
  return fields;
}
