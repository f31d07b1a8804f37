import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, REDACTED } from './redactor.js';
import { SECRET_NAMES } from './secret-names.js';

const redact = createRedactor(SECRET_NAMES);

describe('the redactor', () => {
  it('redacts by name, at any depth, in lists, and in any spelling of the name', () => {
    expect(
      redact({
        password: 'hunter22',
        list: [{ API_KEY: 'abcdefgh', id: 1 }],
        deep: { 'set-cookie': ['a=b'] },
        note: 'x',
      }),
    ).toEqual({
      password: REDACTED,
      list: [{ API_KEY: REDACTED, id: 1 }],
      deep: { 'set-cookie': REDACTED },
      note: 'x',
    });
  });

  it('shows that a value is null or absent', () => {
    expect(redact({ token: null })).toEqual({ token: null });
  });

  it('matches a path at any depth, and a star for any one name', () => {
    const paths = createRedactor(['card.number', 'headers.*.value']);
    expect(paths({ a: { card: { number: 4111 } }, number: 7, headers: { x: { value: 'v' } } })).toEqual({
      a: { card: { number: REDACTED } },
      number: 7,
      headers: { x: { value: REDACTED } },
    });
  });

  it('removes a secret from messages of the same value that quote it', () => {
    const job = {
      data: { token: 'tok_12345678' },
      failedReason: 'got tok_12345678 and no more',
      stack: ['at tok_12345678'],
    };
    expect(JSON.stringify(redact(job))).not.toContain('tok_12345678');
  });

  it('removes named values from free text', () => {
    const texts = [
      'password=hunter22 and more',
      '{"token": "abc def"} was refused',
      'Authorization: Bearer abc.def.ghi',
      "api_key: 'abcdefgh'",
      'redis://user:hunter22@host:6379 is away',
    ];
    for (const text of texts) {
      expect(redact(text)).not.toMatch(/hunter22|abc def|abc\.def\.ghi|abcdefgh/);
    }
    expect(redact('password=hunter22 and more')).toBe(`password=${REDACTED} and more`);
  });

  it('redacts JSON that is stored as text, and keeps the text unchanged when it holds no secret', () => {
    expect(redact('{"secret":"abcdefgh","n":1}')).toBe(`{"secret":"${REDACTED}","n":1}`);
    expect(redact('{ "n" :  1 }')).toBe('{ "n" :  1 }');
  });

  it('handles values that are nested too deep for a stack', () => {
    let deep: unknown = { password: 'hunter22' };
    for (let depth = 0; depth < 5_000; depth += 1) deep = { deep };
    expect(JSON.stringify(redact(deep))).not.toContain('hunter22');
  });

  it('shows everything when there are no paths', () => {
    expect(createRedactor([])({ password: 'hunter22' })).toEqual({ password: 'hunter22' });
  });

  it('never shows a secret, wherever it stands, and changes nothing else', () => {
    const secret = fc.string({ minLength: 8 }).map((text) => `s3cret${text}`);
    const name = fc.constantFrom('password', 'apiKey', 'api-key', 'TOKEN');
    const around = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('s3cret'));
    fc.assert(
      fc.property(secret, name, around, (hidden, at, other) => {
        const answer = redact({ other: [other, { [at]: hidden }], said: `it was ${hidden}.` });
        expect(JSON.stringify(answer)).not.toContain(JSON.stringify(hidden).slice(1, -1));
      }),
    );
  });
});
