import { jsonMembers } from '@bullpen/shared/internal';
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

const hasFields = (payload: unknown): payload is Readonly<Record<string, unknown>> =>
  typeof payload === 'object' && payload !== null && !Array.isArray(payload);

/** The fields of a payload. A payload that is no object becomes the field `payload`. */
const fieldsOf = (payload: unknown): Readonly<Record<string, unknown>> => (hasFields(payload) ? payload : { payload });

/** The texts of the fields of a payload, by name. Empty when only its value is known. */
function textsOf({ payload, json }: FailedRow): ReadonlyMap<string, string> {
  if (json === undefined) return new Map();
  return hasFields(payload) ? jsonMembers(json) : new Map([['payload', json]]);
}

/**
 * A failed row as the cells of a table.
 * @throws Error when the row has a field that is no column, because it failed after the shape was
 *   found
 */
export function toCells(row: FailedRow, { columns }: FailedShape): string[] {
  const fields = fieldsOf(row.payload);
  const texts = textsOf(row);
  let found = 0;
  const cells = columns.map((column) => {
    // A column may be called `constructor`, which every object has.
    if (!Object.hasOwn(fields, column)) return '';
    found += 1;
    return cellOf(fields[column], texts.get(column));
  });
  if (found < Object.keys(fields).length) {
    throw new Error('during the export a row failed that has other fields than the rows before it; run it again');
  }
  return [...cells, describe(row.error), String(row.attempts)];
}

/** A failed row as the text of one JSON object. */
export function toJson({ payload, json, ...row }: FailedRow, { error, attempts }: FailedShape): string {
  const own = JSON.stringify({ [error]: describe(row.error), [attempts]: row.attempts });
  const text = json?.trim() ?? JSON.stringify(payload);
  if (text === undefined) return own;
  const fields = hasFields(payload) ? text.slice(1, -1).trim() : `"payload":${text}`;
  return fields === '' ? own : `{${fields},${own.slice(1)}`;
}

const describe = ({ name, message }: FailedRow['error']): string => `${name}: ${message}`;

/**
 * A value as a cell: a text as it is, any other value as JSON. Empty for null and undefined.
 * @param json the JSON text of the value, where it is known
 */
export function cellOf(value: unknown, json?: string): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : (json ?? JSON.stringify(value));
}
