import { type Fault, SourceInvalid } from '@bullpen/shared';
import { showValue } from '@bullpen/shared/internal';

/** What separates the cells of a table, unless something else is said. */
export const DEFAULT_DELIMITER = ',';

/** Delimiters that tables have instead of commas, and how people call them. */
const OTHERS = [
  { delimiter: ';', name: 'semicolon', flag: "';'" },
  { delimiter: '\t', name: 'tab', flag: 'tab' },
  { delimiter: '|', name: 'vertical bar', flag: "'|'" },
] as const;

/** The fault of a delimiter that was given; an empty list without one. */
export function delimiterFaults(delimiter: unknown, format: string): Fault[] {
  if (delimiter === undefined) return [];
  if (format !== 'csv') return [{ path: 'delimiter', reason: `is for CSV; the source is ${format}` }];
  const isOne = typeof delimiter === 'string' && /^[\t\x20-\x7e]$/.test(delimiter) && delimiter !== '"';
  if (isOne) return [];
  const reason = `expected one character, such as ';', that is no quote and no line break, got ${showValue(delimiter)}`;
  return [{ path: 'delimiter', reason }];
}

/**
 * Checks by the header that a table is separated by commas, when nobody said what separates it.
 * Names in quotes may have any character.
 * @throws SourceInvalid when the header has more of another delimiter
 */
export function checkDelimiter(header: string, columns: number): void {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
  for (const { delimiter, name, flag } of OTHERS) {
    const count = unquoted.split(delimiter).length - 1;
    if (count < columns) continue;
    const has = `the CSV header has ${counted(columns, 'column')} and ${counted(count, name)}`;
    const advice = `if ${name}s separate it, say --delimiter ${flag}; if commas do, say --delimiter ','`;
    throw new SourceInvalid(`${has}; ${advice}`);
  }
}

const SEP = /^"?sep=([\t\x20-\x7e])"?(?:[\r\n]|$)/i;
/** As long as a text may become a line that names the delimiter. */
const MAY_BE_SEP = /^"?(s(e(p(=([\t\x20-\x7e]"?)?)?)?)?)?$/i;

/** The beginning of a table, read far enough to know whether it names its delimiter. */
export interface Beginning {
  /** The delimiter that the first line names (`sep=;`), as spreadsheets write it. */
  readonly named: string | undefined;
  /** The whole text, its beginning included. */
  readonly pieces: AsyncIterable<Buffer>;
}

/** Reads the beginning of a table. Waits for no more of it than is needed. */
export async function readBeginning(source: AsyncIterable<Buffer>): Promise<Beginning> {
  const pieces = source[Symbol.asyncIterator]();
  let beginning = Buffer.alloc(0);
  let next = await pieces.next();
  while (next.done !== true) {
    beginning = Buffer.concat([beginning, next.value]);
    if (!MAY_BE_SEP.test(beginning.toString('latin1', 0, 16))) break;
    next = await pieces.next();
  }
  return { named: SEP.exec(beginning.toString('latin1', 0, 16))?.[1], pieces: chain(beginning, pieces) };
}

async function* chain(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield beginning;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
