import { pipeline, type Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import split from 'split2';
import type { SourceRow } from './source-row.js';

/** A line longer than this is not a row: most likely the whole file is one line. Taking it all in would take its size and more. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** One JSON value per line. Blank lines are passed over. A line that is not JSON is a row that does not parse; the next one is read all the same. */
export async function* readNdjson(stream: Readable): AsyncIterable<SourceRow> {
  // split2, not node:readline: readline also breaks lines at U+2028, which is legal inside a JSON string.
  const lines = pipeline(stream, split(/\r?\n/, { maxLength: LONGEST_LINE }), () => undefined);
  let line = 0;
  let row = 0;
  try {
    for await (const part of lines as AsyncIterable<string>) {
      line += 1;
      const json = (line === 1 ? part.replace(/^\uFEFF/, '') : part).trim();
      if (json === '') continue;
      row += 1;
      yield parseLine(json, row, line);
    }
  } catch (error) {
    // split2 gives its error no code.
    if ((error as Error).message !== 'maximum buffer reached') throw error;
    throw new SourceInvalid(`a line after line ${line} is longer than 16 MB; is this one JSON value per line?`, {
      cause: error,
    });
  }
}

function parseLine(json: string, row: number, line: number): SourceRow {
  try {
    return { row, line, text: json, ok: true, value: JSON.parse(json), json };
  } catch (error) {
    return { row, line, ok: false, reason: `not JSON: ${(error as Error).message}`, text: json };
  }
}
