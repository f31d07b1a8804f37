import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuotedSecrets } from './quoted-secrets.js';

const without = (secrets: unknown, value: unknown): unknown => {
  const quoted = new QuotedSecrets('[-]');
  quoted.add(secrets);
  return quoted.replaceIn(value);
};

describe('quotes of secrets', () => {
  it('are replaced wherever they stand, also as written in JSON, URLs and forms', () => {
    const secret = 'a"b c/d+é';
    const said = [secret, JSON.stringify(secret), encodeURIComponent(secret), new URLSearchParams({ s: secret })];
    expect(
      without(
        { deep: [secret] },
        said.map((text) => `<${text}>`),
      ),
    ).toEqual([...['<[-]>', '<"[-]">', '<[-]>', '<s=[-]>']]);
  });

  it('are replaced longest first', () => {
    expect(without(['abcdef', 'abcdefgh'], 'abcdefgh abcdef abcdefg')).toBe('[-] [-] [-]g');
  });

  it('are not names and not short words', () => {
    expect(without(['counts', 'no'], { counts: 'no counts' })).toEqual({ counts: 'no [-]' });
  });

  it('are found as if each of them were searched for alone', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 9 }),
        letters,
        (secret, text) => {
          expect(without(secret, text)).toBe(text.replaceAll(secret, '[-]'));
        },
      ),
    );
  });

  it('hide the whole text when the search would take too long; a secret may be nested too deep for a stack', () => {
    let deep: unknown = 'secret-below';
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const alike = Array.from({ length: 900 }, (_, n) => `${'a'.repeat(n + 6)}b`);
    expect(without([alike, deep], { long: 'a'.repeat(5_000_000) })).toEqual({
      long: expect.stringContaining('not shown'),
    });
  });
});
