import type { FailedRow } from '../../books/kept-rows.js';

/** The fields of an exported row beside its payload. */
const OWN_FIELDS = ['error', 'attempts'] as const;
/** More columns make no useful table. Most likely ids were used as names of fields. */
const MAX_COLUMNS = 10_000;

/** How failed rows are written: the columns of their payloads, and the names of our own fields. */
export interface FailedShape {
  /** The fields of the payloads, in order. */
  readonly columns: readonly string[];
  /** The names of our own fields: `bullpen_…` when the source has a field of that name. */
  readonly error: string;
  readonly attempts: string;
}

/** The shape of rows whose payloads have these columns. */
export function shapeWith(columns: readonly string[]): FailedShape {
  const taken = new Set(columns);
  const [error, attempts] = OWN_FIELDS.map((name) => {
    let own: string = name;
    while (taken.has(own)) own = `bullpen_${own}`;
    return own;
  }) as [string, string];
  return { columns, error, attempts };
}

/**
 * Finds the shape of rows whose columns nobody knows. Reads all rows and takes the union of their
 * fields, in the order in which these first appear.
 * @returns `undefined` when there are more fields than a table can have
 */
export async function findShape(rows: AsyncIterable<Pick<FailedRow, 'payload'>>): Promise<FailedShape | undefined> {
  const columns = new Set<string>();
  for await (const { payload } of rows) {
    for (const field of Object.keys(fieldsOf(payload))) columns.add(field);
    if (columns.size > MAX_COLUMNS) return undefined;
  }
  return shapeWith([...columns]);
}

/** The fields of a payload. A payload that is no object becomes the field `payload`. */
function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  const hasFields = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  return hasFields ? (payload as Record<string, unknown>) : { payload };
}

/**
 * A failed row as the cells of a table.
 * @throws Error when the row has a field that is no column, because it failed after the shape was
 *   found
 */
export function toCells({ payload, error, attempts }: FailedRow, { columns }: FailedShape): string[] {
  const fields = fieldsOf(payload);
  let found = 0;
  const cells = columns.map((column) => {
    // A column may be called `constructor`, which every object has.
    if (!Object.hasOwn(fields, column)) return '';
    found += 1;
    return cellOf(fields[column]);
  });
  if (found < Object.keys(fields).length) {
    throw new Error('during the export a row failed that has other fields than the rows before it; run it again');
  }
  return [...cells, describe(error), String(attempts)];
}

/** A failed row as one JSON value. */
export function toObject(row: FailedRow, { error, attempts }: FailedShape): object {
  return { ...fieldsOf(row.payload), [error]: describe(row.error), [attempts]: row.attempts };
}

const describe = ({ name, message }: FailedRow['error']): string => `${name}: ${message}`;

/** A value as a cell: a text as it is, any other value as JSON. Empty for null and undefined. */
export function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
