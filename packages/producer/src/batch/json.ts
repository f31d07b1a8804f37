import { pipeline, type Readable } from 'node:stream';
import { SourceInvalid } from '@bullpen/shared';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import type { SourceRow } from './source-row.js';

/**
 * The elements of one JSON array, read as they come.
 * @throws SourceInvalid where the text stops being JSON: unlike a line, an array cannot be read on after a fault
 */
export async function* readJson(stream: Readable): AsyncIterable<SourceRow> {
  let row = 0;
  try {
    const elements = pipeline(stream, streamArray.withParserAsStream(), () => undefined);
    for await (const { value } of elements as AsyncIterable<{ value: unknown }>) {
      row += 1;
      yield { row, line: undefined, text: JSON.stringify(value), ok: true, value };
    }
  } catch (error) {
    throw new SourceInvalid(`not a JSON array after element ${row}: ${(error as Error).message}`, { cause: error });
  }
}
