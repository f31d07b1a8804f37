import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonElements, jsonMembers } from './json-text.js';

describe('the text of JSON', () => {
  it('is cut into the texts of elements and members, with every digit', () => {
    expect(jsonElements(' [ 1e400, {"a":[1,2]},"],"] ')).toEqual(['1e400', '{"a":[1,2]}', '"],"']);
    expect(jsonElements('[]')).toEqual([]);
    const members = jsonMembers('{"a":12345678901234567890, "b\\"\\u0041:" : {"c":[1e400]},"a":1.0}');
    expect([...members]).toEqual([
      ['a', '1.0'],
      ['b"A:', '{"c":[1e400]}'],
    ]);
    expect(jsonMembers('{ }').size).toBe(0);
  });

  it('has parts that parse as the parts of its value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(2),
        (list, object, spaces) => {
          expect(jsonElements(JSON.stringify(list, undefined, spaces)).map((text) => JSON.parse(text))).toEqual(
            JSON.parse(JSON.stringify(list)),
          );
          const members = [...jsonMembers(JSON.stringify(object, undefined, spaces))];
          expect(members.map(([name, text]) => [name, JSON.parse(text)])).toEqual(
            Object.entries(JSON.parse(JSON.stringify(object)) as object),
          );
        },
      ),
    );
  });
});
