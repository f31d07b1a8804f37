import { isUtf8 } from 'node:buffer';
import { PayloadInvalid } from '@bullpen/shared';
import { JsonPayload, PAYLOAD_BYTES } from '../enqueue/payload.js';

/** JSON may be written with more space than we keep. */
const MAX_BYTES = 4 * PAYLOAD_BYTES;

/** The standard input, or what a test takes for it. */
type Input = AsyncIterable<Buffer> & { readonly isTTY?: boolean };

/**
 * Reads the payload that `--data` gives: JSON, or `-` for JSON on the standard input.
 * @param say writes a line for people
 * @throws PayloadInvalid when it is no JSON, is empty or is too long
 */
export async function readData(data: string, input: Input, say: (line: string) => void): Promise<JsonPayload> {
  if (data !== '-') return parse(data, '--data');
  if (input.isTTY === true) say('type the payload as JSON, then Ctrl-D on a line of its own');
  return parse(await readText(input), INPUT);
}

async function readText(input: Input): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_BYTES)
      throw invalid(`has more than ${MAX_BYTES} bytes; a payload has ${PAYLOAD_BYTES} at most. For many rows: batch`);
  }
  const bytes = Buffer.concat(pieces);
  if (!isUtf8(bytes)) throw invalid('is not UTF-8');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  return text;
}

const INPUT = 'the standard input';

const invalid = (reason: string, path = INPUT): PayloadInvalid =>
  new PayloadInvalid('cannot enqueue', [{ path, reason }]);

function parse(text: string, path: string): JsonPayload {
  if (text.trim() === '') throw invalid('is empty; expected the payload as JSON', path);
  try {
    return new JsonPayload(text);
  } catch (error) {
    // Other programs read a file for `@file`.
    const hint = text.startsWith('@') ? '; to read a file, write: --data - < file' : '';
    throw invalid(`${notJson(text, error as Error)}${hint}`, path);
  }
}

/** Node's message. It quotes a short text, and gives the position in a longer one. */
function notJson(text: string, { message }: Error): string {
  const position = /at position (\d+)$/.exec(message)?.[1];
  if (position === undefined) return `is not JSON: ${message}`;
  const before = text.slice(0, Number(position)).split('\n');
  return `is not JSON: ${message} (line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1})`;
}
