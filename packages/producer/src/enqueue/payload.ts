import type { JobDefinition } from '@bullpen/shared';
import { type Parsed, parse } from '@bullpen/shared/internal';

/**
 * The largest payload, in bytes of JSON. Put larger things into a store, and say in the payload
 * where they are.
 */
export const PAYLOAD_BYTES = 1_048_576;

/**
 * A payload that came as JSON text. The text is enqueued as it is, because a value cannot hold every
 * number: 12345678901234567890 and 1e400 would be changed.
 */
export class JsonPayload {
  readonly json: string;
  readonly value: unknown;

  /** @throws SyntaxError when `json` is no JSON */
  constructor(json: string) {
    this.value = JSON.parse(json);
    this.json = json.trim();
  }
}

const refuse = (reason: string): Parsed<never> => ({ ok: false, faults: [{ path: '', reason }] });

/**
 * Checks a payload that the program made, and returns it as JSON. It checks what the worker will
 * see, that is the value after its way through JSON: a `Date` is a text then, and a field that was
 * `undefined` is gone.
 */
export function writePayload(job: JobDefinition, payload: unknown): Parsed<string> | Promise<Parsed<string>> {
  if (payload instanceof JsonPayload) return checkJson(job, payload.json, payload.value);
  let json: string | undefined;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    return refuse(`cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (json === undefined) return refuse(`cannot be written as JSON: it is ${typeof payload}`);
  return checkJson(job, json, JSON.parse(json));
}

/**
 * Checks a payload that came as JSON: `text` is the text of `value`. Returns this text on one line,
 * and not what the schema made of it, because the worker parses it again.
 */
export function checkJson(job: JobDefinition, text: string, value: unknown): Parsed<string> | Promise<Parsed<string>> {
  const json = onOneLine(text);
  const bytes = Buffer.byteLength(json);
  if (bytes > PAYLOAD_BYTES) return refuse(`has ${bytes} bytes as JSON; the limit is ${PAYLOAD_BYTES}`);
  const parsed = parse(job.payload, value);
  const answer = (result: Parsed<unknown>): Parsed<string> => (result.ok ? { ok: true, value: json } : result);
  return parsed instanceof Promise ? parsed.then(answer) : answer(parsed);
}

/**
 * Puts JSON on one line, as it goes to Redis. Line breaks stand between its tokens only: inside a
 * string they are escaped.
 */
export function onOneLine(json: string): string {
  // Begins at a line break: begun at a space, it would read a long run of spaces once for each.
  return json.includes('\n') ? json.replace(/\r?\n[ \t\r\n]*/g, ' ') : json;
}
