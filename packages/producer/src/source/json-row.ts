import { clipText, type SourceRow } from './source-row.js';
import { showBroken, textFault } from './utf8.js';

/**
 * Reads the JSON text of one row. `undefined` when it is blank. The row keeps its text, because a
 * value cannot hold every number: 12345678901234567000 and 1e400 would be changed.
 */
export function readJsonRow(bytes: Buffer, row: number, line: number | undefined): SourceRow | undefined {
  const fault = textFault(bytes);
  if (fault !== undefined) return { row, line, text: showBroken(bytes), ok: false, reason: fault };
  // This also trims a carriage return before the newline.
  const text = bytes.toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return { row, line, text, ok: true, value: JSON.parse(text), json: text };
  } catch (error) {
    return { row, line, text: clipText(text), ok: false, reason: `${NOT_JSON}${(error as Error).message}` };
  }
}

const NOT_JSON = 'not JSON: ';

/** Why the text of a row is not JSON. `undefined` when it is, or when it is no text at all. */
export function syntaxFaultOf(row: SourceRow): string | undefined {
  return !row.ok && row.reason.startsWith(NOT_JSON) ? row.reason.slice(NOT_JSON.length) : undefined;
}
