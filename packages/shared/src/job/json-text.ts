import { JsonElements } from './json-elements.js';

/** The beginning of a member of an object: its name, a colon, and blanks around them. */
const NAME = /^\s*("(?:[^"\\]|\\.)*")\s*:\s*/;

/**
 * The texts of the elements of an array. A text keeps what a value cannot hold: 1e400, and every
 * digit of 12345678901234567890.
 * @param json the JSON text of an array
 */
export function jsonElements(json: string): string[] {
  return new JsonElements().read(Buffer.from(json)).map((element) => element.toString('utf8').trim());
}

/**
 * The texts of the members of an object, by name. The last one of a name counts, as for
 * `JSON.parse`.
 * @param json the JSON text of an object
 */
export function jsonMembers(json: string): ReadonlyMap<string, string> {
  const members = jsonElements(`[${json.trim().slice(1, -1)}]`);
  return new Map(
    members.flatMap((member) => {
      const [start, name] = NAME.exec(member) ?? [];
      return start === undefined || name === undefined ? [] : [[JSON.parse(name), member.slice(start.length)] as const];
    }),
  );
}
