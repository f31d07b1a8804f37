import type { JobDefinition } from '@bullpen/shared';
import { parse } from '@bullpen/shared/internal';
import type { RejectedRow } from '../batch/check-row.js';

/** When so many rows, from the first one on, were all rejected, the command says why at once. */
const ENOUGH = 100;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Notices a schema that wants numbers or booleans of a CSV file, whose cells are texts: then every
 * row is rejected, and the schema's own words do not say what to do.
 */
export class CellTypes {
  readonly #job: JobDefinition;
  readonly #isCsv: boolean;
  readonly #say: (line: string) => void;
  #first: RejectedRow | undefined;
  #rejected = 0;

  constructor(job: JobDefinition, format: string, say: (line: string) => void) {
    this.#job = job;
    this.#isCsv = format === 'csv';
    this.#say = say;
  }

  /** Notes a rejected row. At the hundredth, if no row before it was accepted, looks at the first. */
  note(row: RejectedRow): Promise<void> | undefined {
    this.#first ??= row;
    this.#rejected += 1;
    return this.#rejected === ENOUGH && row.row === ENOUGH ? this.#explain() : undefined;
  }

  /** Looks at the first row, if fewer than a hundred were read and all of them were rejected. */
  async end(read: number): Promise<void> {
    if (read === this.#rejected && read < ENOUGH) await this.#explain();
  }

  async #explain(): Promise<void> {
    const row = this.#first;
    const fields = row === undefined || !this.#isCsv ? [] : await this.#fieldsOfOtherTypes(row);
    if (fields.length === 0) return;
    const names = fields.map((name) => `'${name}'`).join(', ');
    this.#say(
      `all rows so far were rejected: the schema wants a number or a boolean in ${names}, and a cell of a CSV file is a text. Let the schema convert it, in zod with z.coerce.number() or z.stringbool()`,
    );
  }

  /** The fields of a row that would be right if their texts were numbers or booleans. */
  async #fieldsOfOtherTypes({ input, faults }: RejectedRow): Promise<string[]> {
    if (typeof input !== 'object' || input === null) return [];
    const wrong = new Set(faults.map(({ path }) => path));
    const cells = Object.entries(input).map(([name, cell]) => [name, wrong.has(name) ? meaningOf(cell) : cell]);
    const parsed = await parse(this.#job.payload, Object.fromEntries(cells));
    const stillWrong = new Set(parsed.ok ? [] : parsed.faults.map(({ path }) => path));
    return Object.keys(input).filter((name) => wrong.has(name) && !stillWrong.has(name));
  }
}

/** The number or boolean that a cell says; the cell itself when it says another thing. */
function meaningOf(cell: unknown): unknown {
  if (typeof cell !== 'string') return cell;
  if (cell === 'true' || cell === 'false') return cell === 'true';
  return NUMBER.test(cell) ? Number(cell) : cell;
}
