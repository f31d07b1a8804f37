import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isSchema, parse, type Schema } from './schema.js';

/** A schema that validates with `validate`, which may return anything. */
const schemaThat = (validate: (value: unknown) => unknown): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as never },
});

const throwing = (thrown: unknown) =>
  schemaThat(() => {
    throw thrown;
  });

describe('parse', () => {
  it('returns the value that the schema returns', () => {
    const schema = z.object({ at: z.coerce.date(), n: z.number().default(5) });
    expect(parse(schema, { at: '2026-01-01', extra: 1 })).toEqual({
      ok: true,
      value: { at: new Date('2026-01-01'), n: 5 },
    });
  });

  it('returns at once for a synchronous schema, and a promise for an asynchronous one', async () => {
    const slow = z.string().refine(async (text) => text === 'yes', 'must be yes');
    expect(parse(z.string(), 'x')).toEqual({ ok: true, value: 'x' });
    const pending = parse(slow, 'no');
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toEqual({ ok: false, faults: [{ path: '', reason: 'must be yes' }] });
    expect(await parse(slow, 'yes')).toEqual({ ok: true, value: 'yes' });
  });

  it('names every fault with its path, through objects and arrays', () => {
    const schema = z.object({
      items: z.array(z.object({ price: z.number('must be a number') })),
      to: z.email('no email'),
    });
    expect(parse(schema, { items: [{ price: 1 }, { price: '2' }], to: 'x' })).toEqual({
      ok: false,
      faults: [
        { path: 'items.1.price', reason: 'must be a number' },
        { path: 'to', reason: 'no email' },
      ],
    });
  });

  it('reads both kinds of path steps of Standard Schema, and symbols', () => {
    const schema = schemaThat(() => ({
      issues: [{ message: 'is wrong', path: ['a', { key: 0 }, { key: Symbol('s') }, Symbol('t')] }, { message: 'too' }],
    }));
    expect(parse(schema, 1)).toEqual({
      ok: false,
      faults: [
        { path: 'a.0.Symbol(s).Symbol(t)', reason: 'is wrong' },
        { path: '', reason: 'too' },
      ],
    });
  });

  it('reports a schema that throws as a fault, at once or later', async () => {
    const fault = { ok: false, faults: [{ path: '', reason: 'the schema itself threw: database is away' }] };
    expect(parse(throwing(new Error('database is away')), 1)).toEqual(fault);
    expect(
      await parse(
        schemaThat(() => Promise.reject(new Error('database is away'))),
        1,
      ),
    ).toEqual(fault);
    expect(
      await parse(
        schemaThat(() => Promise.reject('database is away')),
        1,
      ),
    ).toEqual(fault);
  });

  it('reports a result that no schema may return as a fault, at once or later', async () => {
    const answers = [undefined, null, { issues: 'many' }, { issues: [null] }, { issues: [{ path: [null] }] }];
    for (const answer of answers) {
      expect(
        parse(
          schemaThat(() => answer),
          1,
        ),
      ).toMatchObject({ ok: false });
      expect(
        await parse(
          schemaThat(async () => answer),
          1,
        ),
      ).toMatchObject({ ok: false });
    }
  });

  it('waits for a promise that is not of this realm’s own class', async () => {
    const foreign = schemaThat(() => ({
      // biome-ignore lint/suspicious/noThenProperty: this test is about such an object.
      then: (resolve: (result: unknown) => void) => resolve({ issues: [{ message: 'is wrong' }] }),
    }));
    expect(await parse(foreign, 1)).toEqual({ ok: false, faults: [{ path: '', reason: 'is wrong' }] });
  });

  it('never throws, whatever the schema throws', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(parse(throwing(revoked.proxy), 1)).toMatchObject({ ok: false });
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        expect(parse(throwing(thrown), 1)).toMatchObject({ ok: false });
      }),
    );
  });
});

describe('isSchema', () => {
  it('accepts a schema, which is an object or a function, and nothing else', () => {
    const callable = Object.assign(
      () => undefined,
      schemaThat((value) => ({ value })),
    );
    expect([z.string(), schemaThat((value) => ({ value })), callable].map(isSchema)).toEqual([true, true, true]);
    for (const other of [null, undefined, {}, 'string', { '~standard': null }, { '~standard': { validate: 1 } }]) {
      expect(isSchema(other)).toBe(false);
    }
  });
});
