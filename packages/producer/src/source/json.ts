import { isUtf8 } from 'node:buffer';
import { SourceInvalid } from '@bullpen/shared';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import { feedParser } from './feed-parser.js';
import { MAX_ROW_BYTES, type SourceRow } from './source-row.js';
import { explainBroken, findBroken, incompleteTail } from './utf8.js';

/**
 * How many bytes are parsed at once. When the array breaks, elements that ended in the same slice
 * may be lost.
 */
const SLICE_BYTES = 4 * 1024;

/**
 * Reads the elements of one JSON array, as they come.
 * @throws SourceInvalid where the text stops being JSON or UTF-8. An array cannot be read on after
 *   that place.
 */
export async function* readJson(source: AsyncIterable<Buffer>): AsyncGenerator<readonly SourceRow[]> {
  // Without tokens for parts of strings and numbers, which are not needed: 5 µs an element and not
  // 17.
  const parser = streamArray.withParserAsStream({ streamValues: false });
  let row = 0;
  let rows: SourceRow[] = [];
  let position = 0;
  let unfinished = 0;
  parser.on('data', ({ value }: { value: unknown }) => {
    row += 1;
    unfinished = 0;
    rows.push(makeRow(row, value));
  });
  // `feedParser` throws the error.
  parser.on('error', () => undefined);
  // Before this event the parser keeps elements back. After it, it gives them while it parses.
  await new Promise((resolve) => parser.once('resume', resolve));

  /**
   * Parses a text. Returns what is wrong with it, if anything. Elements before that are in `rows`.
   */
  const parse = async (text: Buffer): Promise<string | undefined> => {
    const end = isUtf8(text) ? text.length : findBroken(text);
    try {
      for (let at = 0; at < end; at += SLICE_BYTES) {
        unfinished += SLICE_BYTES;
        await feedParser(parser, text.subarray(at, Math.min(at + SLICE_BYTES, end)));
      }
    } catch (error) {
      return (error as Error).message;
    }
    if (end < text.length) return `the text ${explainBroken(text, position)}`;
    position += text.length;
    return unfinished > MAX_ROW_BYTES ? 'the next one is longer than 16 MB' : undefined;
  };

  try {
    // The bytes of a character may come in two pieces.
    let tail = Buffer.alloc(0);
    for await (const piece of source) {
      const text = Buffer.concat([tail, piece]);
      const whole = text.length - incompleteTail(text);
      tail = text.subarray(whole);
      const fault = await parse(text.subarray(0, whole));
      if (rows.length > 0) yield rows;
      rows = [];
      if (fault !== undefined) throw notAnArray(row, fault);
    }
    const fault = (await parse(tail)) ?? (await feedParser(parser, undefined).catch((error: Error) => error.message));
    if (rows.length > 0) yield rows;
    if (typeof fault === 'string') throw notAnArray(row, fault);
  } finally {
    parser.destroy();
  }
}

const notAnArray = (row: number, fault: string): SourceInvalid =>
  new SourceInvalid(
    `not a JSON array after element ${row}: ${fault.replace(/\.$/, '')}${row === 0 ? '; expected [row, row, …]' : ''}`,
  );

function makeRow(row: number, value: unknown): SourceRow {
  try {
    return { row, line: undefined, text: JSON.stringify(value), ok: true, value };
  } catch (error) {
    // JSON.stringify cannot write an element that is nested too deeply.
    const reason = `cannot be written as JSON: ${(error as Error).message}`;
    return { row, line: undefined, text: '', ok: false, reason };
  }
}
