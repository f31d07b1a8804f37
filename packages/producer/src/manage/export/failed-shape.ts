import type { FailedRow } from '../../books/kept-rows.js';

/** What an exported row says beside its payload. */
const OWN = ['error', 'attempts'] as const;
/** More columns are no table any more: most likely ids that were used as names of fields. */
const MAX_COLUMNS = 10_000;

/** How failed rows are written: which columns they have, and what ours are called. */
export interface FailedShape {
  /** The fields of the payloads, in their order. */
  readonly columns: readonly string[];
  /** What our own fields are called: `bullpen_…` where the source has that name itself. */
  readonly error: string;
  readonly attempts: string;
}

/** The shape of rows with these columns. */
export function shapeWith(columns: readonly string[]): FailedShape {
  const taken = new Set(columns);
  const [error, attempts] = OWN.map((name) => {
    let own: string = name;
    while (taken.has(own)) own = `bullpen_${own}`;
    return own;
  }) as [string, string];
  return { columns, error, attempts };
}

/**
 * Finds the shape of rows of which nobody knows the columns, by looking at all of them: the union
 * of their fields, in the order in which they first appear.
 * @returns nothing, when there are more of them than a table can have
 */
export async function findShape(rows: AsyncIterable<Pick<FailedRow, 'payload'>>): Promise<FailedShape | undefined> {
  const columns = new Set<string>();
  for await (const { payload } of rows) {
    for (const field of Object.keys(fieldsOf(payload))) columns.add(field);
    if (columns.size > MAX_COLUMNS) return undefined;
  }
  return shapeWith([...columns]);
}

/** A payload as fields; one that has none is the field `payload`. */
function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  const hasFields = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  return hasFields ? (payload as Record<string, unknown>) : { payload };
}

/**
 * A failed row as the cells of a table.
 * @throws when it has a field that is no column: it failed after the shape was found
 */
export function toCells({ payload, error, attempts }: FailedRow, { columns }: FailedShape): string[] {
  const fields = fieldsOf(payload);
  let found = 0;
  const cells = columns.map((column) => {
    // Not merely by name: a column may be called `constructor`.
    if (!Object.hasOwn(fields, column)) return '';
    found += 1;
    return cellOf(fields[column]);
  });
  if (found < Object.keys(fields).length) {
    throw new Error('a row with other fields than those before it failed during the export; run it again');
  }
  return [...cells, describe(error), String(attempts)];
}

/** A failed row as one JSON value. */
export function toObject(row: FailedRow, { error, attempts }: FailedShape): object {
  return { ...fieldsOf(row.payload), [error]: describe(row.error), [attempts]: row.attempts };
}

const describe = ({ name, message }: FailedRow['error']): string => `${name}: ${message}`;

/** A value as a cell: text as it is, what is nested as JSON, what is absent or null as nothing. */
export function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
