import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeThrown, readProperty, type Thrown } from './describe-thrown.js';

/**
 * Fails unless every part is text (or `undefined`, where allowed) and short enough to be logged and
 * stored.
 */
function expectSafe({ name, message, stack, code, ...rest }: Thrown): void {
  expect(rest).toEqual({});
  for (const text of [name, message, stack ?? '', code ?? '']) expect(typeof text).toBe('string');
  expect(message).not.toBe('');
  expect(name.length).toBeLessThan(300);
  expect(message.length).toBeLessThan(4_200);
  expect((stack ?? '').length).toBeLessThan(17_000);
  expect((code ?? '').length).toBeLessThan(300);
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An error that throws when any property is read. */
const unreadable = (): object =>
  new Proxy(new Error('secret'), {
    get() {
      throw new Error('not yours to read');
    },
  });

/** An error with causes, the outermost first. */
const caused = (...messages: string[]): unknown =>
  messages.reduceRight<unknown>((cause, message) => new Error(message, { cause }), undefined);

describe('describeThrown', () => {
  it('keeps name, message, stack and code of an error', () => {
    const error = Object.assign(new RangeError('too large'), { code: 'ERR_LARGE' });
    expect(describeThrown(error)).toEqual({
      name: 'RangeError',
      message: 'too large',
      stack: error.stack,
      code: 'ERR_LARGE',
    });
  });

  it.each([
    [undefined, 'handler threw undefined'],
    [null, 'handler threw null'],
    ['no paper', 'handler threw "no paper"'],
    ['', 'handler threw ""'],
    [404, 'handler threw 404'],
    [5n, 'handler threw 5'],
    [Symbol('odd'), 'handler threw Symbol(odd)'],
    [{ status: 500 }, 'handler threw {"status":500}'],
    [[1, 2], 'handler threw [1,2]'],
    [new Error(''), 'handler threw {}'],
    [Object.create(null), 'handler threw {}'],
  ])('shows the thrown value when it has no message: %#', (thrown, message) => {
    expect(describeThrown(thrown)).toMatchObject({ name: 'Error', message });
  });

  it('treats an object with a message as an error', () => {
    expect(describeThrown({ name: 'Fault', message: 'of another kind' })).toEqual({
      ...{ name: 'Fault', message: 'of another kind', stack: undefined, code: undefined },
    });
  });

  it('names the causes: "fetch failed" is no help without them', () => {
    const refused = new AggregateError([], '');
    const error = new TypeError('fetch failed', { cause: Object.assign(refused, { code: 'ECONNREFUSED' }) });
    expect(describeThrown(error).message).toBe('fetch failed (cause: ECONNREFUSED)');
    expect(describeThrown(caused('a', 'b', 'c')).message).toBe('a (cause: b) (cause: c)');
    expect(describeThrown(new Error('a', { cause: 'text' })).message).toBe('a (cause: text)');
  });

  it('stops at causes in a circle, and after a few of many', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expectSafe(describeThrown(circle));
    expectSafe(describeThrown(caused(...Array.from({ length: 1_000 }, (_, at) => `cause ${at}`))));
  });

  it('cuts text that is too long, and says how long it was', () => {
    const huge = 'x'.repeat(1_000_000);
    const described = describeThrown({ name: huge, message: huge, stack: huge, code: huge });
    expectSafe(described);
    expect(described.message).toMatch(/^x+… \(1000000 characters\)$/);
    for (const thrown of [huge, new Error('a', { cause: new Error(huge) }), { huge }])
      expectSafe(describeThrown(thrown));
  });

  it.each([
    ['a revoked proxy', revoked()],
    ['a proxy that throws', unreadable()],
    ['an error whose cause is a revoked proxy', new Error('a', { cause: revoked() })],
    ['an error whose parts are no text', Object.assign(new Error(), { name: 5, message: {}, stack: [], code: 17 })],
    ['an object whose toJSON throws', { toJSON: unreadable }],
    ['an object that cannot be shown', { toJSON: () => undefined, toString: () => unreadable() }],
    ['a frozen error', Object.freeze(new Error('cold'))],
    ['a function', () => 'called'],
    ['a class', class Odd {}],
  ])('never throws: %s', (_, thrown) => {
    expectSafe(describeThrown(thrown));
  });

  it('reads each property once: a getter may answer differently the second time', () => {
    const reads: string[] = [];
    const thrown = new Proxy(new Error('once'), {
      get(target, property) {
        reads.push(String(property));
        return Reflect.get(target, property);
      },
    });
    describeThrown(thrown);
    expect(reads).toHaveLength(new Set(reads).size);
  });

  it('describes any value', () => {
    const anyThrown = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true, withMap: true }),
      fc.record({
        name: fc.anything(),
        message: fc.anything(),
        stack: fc.anything(),
        code: fc.anything(),
        cause: fc.anything(),
      }),
      fc.string({ minLength: 5_000, maxLength: 6_000 }).map((text) => new Error(text, { cause: text })),
    );
    fc.assert(
      fc.property(anyThrown, (thrown) => {
        expectSafe(describeThrown(thrown));
      }),
    );
  });
});

describe('readProperty', () => {
  it('reads a property, and gives undefined when reading throws', () => {
    expect(readProperty({ code: 5 }, 'code')).toBe(5);
    expect(readProperty(revoked(), 'code')).toBeUndefined();
    expect(readProperty(unreadable(), 'code')).toBeUndefined();
  });
});
