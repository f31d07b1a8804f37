import type { JobDefinition } from '@bullpen/shared';
import { type Parsed, parse } from '@bullpen/shared/internal';

/** The largest payload as JSON. Larger things belong in a store; the payload then says where. */
export const PAYLOAD_BYTES = 1_048_576;

const fault = (reason: string): Parsed<never> => ({ ok: false, faults: [{ path: '', reason }] });

/**
 * Checks a payload that the program made, and returns it as JSON. What is checked is what the
 * worker will see: the value after its trip through JSON, on which a `Date` is text and `undefined`
 * is gone.
 */
export function writePayload(job: JobDefinition, payload: unknown): Parsed<string> | Promise<Parsed<string>> {
  let json: string | undefined;
  try {
    json = JSON.stringify(payload);
  } catch (error) {
    return fault(`cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (json === undefined) return fault(`cannot be written as JSON: it is ${typeof payload}`);
  return checkJson(job, json, JSON.parse(json));
}

/**
 * Checks a payload that came as JSON already: `json` is the text of `value`. The input is stored,
 * as the worker parses it again.
 */
export function checkJson(job: JobDefinition, json: string, value: unknown): Parsed<string> | Promise<Parsed<string>> {
  const bytes = Buffer.byteLength(json);
  if (bytes > PAYLOAD_BYTES) return fault(`has ${bytes} bytes as JSON; the limit is ${PAYLOAD_BYTES}`);
  const parsed = parse(job.payload, value);
  const answer = (result: Parsed<unknown>): Parsed<string> => (result.ok ? { ok: true, value: json } : result);
  return parsed instanceof Promise ? parsed.then(answer) : answer(parsed);
}
