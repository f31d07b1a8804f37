import { defineJob } from '@bullpen/shared';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkJson, PAYLOAD_BYTES, writePayload } from './payload.js';

const anything = defineJob({ name: 'payload.any', payload: z.unknown() });
const dated = defineJob({
  name: 'payload.dated',
  payload: z.object({ at: z.iso.datetime(), note: z.string().optional() }),
});
const slow = defineJob({
  name: 'payload.slow',
  payload: z.object({ n: z.number().refine(async (n) => n > 0, 'too small') }),
});

const refused = (reason: string | RegExp) => ({
  ...{ ok: false, faults: [{ path: '', reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) }] },
});

describe('writePayload', () => {
  it('checks the value that the worker will see: a Date is a text by then, and undefined is gone', () => {
    expect(writePayload(dated, { at: new Date('2026-01-01'), note: undefined })).toEqual({
      ...{ ok: true, value: '{"at":"2026-01-01T00:00:00.000Z"}' },
    });
  });

  it('returns the input and not what the schema made of it, because the worker parses it again', () => {
    const job = defineJob({
      name: 'payload.coerced',
      payload: z.object({ n: z.coerce.number(), d: z.number().default(1) }),
    });
    expect(writePayload(job, { n: '5', extra: true })).toEqual({ ok: true, value: '{"n":"5","extra":true}' });
  });

  it('uses toJSON, as JSON does', () => {
    expect(writePayload(anything, { toJSON: () => ({ as: 'json' }) })).toEqual({ ok: true, value: '{"as":"json"}' });
  });

  it('returns the faults of the schema, without a promise for a synchronous schema', () => {
    expect(writePayload(dated, { at: 'now' })).toMatchObject({ ok: false, faults: [{ path: 'at' }] });
  });

  it('returns a promise for an asynchronous schema', async () => {
    const [good, bad] = [writePayload(slow, { n: 1 }), writePayload(slow, { n: -1 })];
    expect(good).toBeInstanceOf(Promise);
    expect(await good).toEqual({ ok: true, value: '{"n":1}' });
    expect(await bad).toEqual({ ok: false, faults: [{ path: 'n', reason: 'too small' }] });
  });

  it('refuses what JSON cannot write, and says why', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const throwing = {
      toJSON() {
        throw new Error('not today');
      },
    };
    expect(writePayload(anything, { n: 5n })).toEqual(refused(/^cannot be written as JSON: .*BigInt/));
    expect(writePayload(anything, cycle)).toEqual(refused(/^cannot be written as JSON: .*circular/));
    expect(writePayload(anything, throwing)).toEqual(refused('cannot be written as JSON: not today'));
    expect(writePayload(anything, undefined)).toEqual(refused('cannot be written as JSON: it is undefined'));
    expect(writePayload(anything, () => 1)).toEqual(refused('cannot be written as JSON: it is function'));
    expect(writePayload(anything, Symbol('s'))).toEqual(refused('cannot be written as JSON: it is symbol'));
  });

  it('refuses a payload above the limit, which counts bytes and not characters', () => {
    const largest = 'x'.repeat(PAYLOAD_BYTES - 2);
    expect(writePayload(anything, largest)).toMatchObject({ ok: true });
    expect(writePayload(anything, `${largest}x`)).toEqual(refused('has 1048577 bytes as JSON; the limit is 1048576'));
    expect(writePayload(anything, 'é'.repeat(PAYLOAD_BYTES / 2))).toEqual(
      refused('has 1048578 bytes as JSON; the limit is 1048576'),
    );
  });
});

describe('checkJson', () => {
  it('returns the text unchanged', () => {
    expect(checkJson(anything, '{ "n": 1.0 }', { n: 1 })).toEqual({ ok: true, value: '{ "n": 1.0 }' });
  });

  it('puts JSON on one line, and leaves the spaces in its texts', () => {
    const text = '{\r\n  "a": "b   c",  \n\n\t"d": 1\n}';
    const value = JSON.parse(text);
    const written = checkJson(anything, text, value);
    expect(written).toMatchObject({ ok: true, value: expect.not.stringMatching(/\n/) });
    expect(JSON.parse((written as { value: string }).value)).toEqual(value);
  });

  it('reads a long run of spaces once, and not once for each of them', () => {
    // The work for a run of spaces grew with its square: for this one it took minutes.
    const text = `{\n"a": "${' '.repeat(PAYLOAD_BYTES / 2)}"\n}`;
    expect(checkJson(anything, text, JSON.parse(text))).toMatchObject({ ok: true });
  });
});
