import { defineJob, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type Context, handle, handleMany, isHandler, type Row } from './handler.js';

const mail = defineJob({
  name: 'handler.mail',
  payload: z.object({ at: z.coerce.date() }),
  result: z.object({ sent: z.number() }),
});

describe('handle', () => {
  it('pairs a job with its handler, unchangeably', () => {
    const run = () => ({ sent: 1 });
    const handler = handle(mail, run);
    expect(handler).toMatchObject({ job: mail, run, many: false });
    expect(Object.isFrozen(handler)).toBe(true);
  });

  it('types the handler by the schemas: it gets the payload’s output and returns the result’s input', () => {
    handle(mail, async (payload, context) => {
      expectTypeOf(payload).toEqualTypeOf<{ at: Date }>();
      expectTypeOf(context).toEqualTypeOf<Context>();
      return { sent: 1 };
    });
    // @ts-expect-error: the result must fit its schema.
    handle(mail, () => ({ sent: 'one' }));
  });

  it('refuses anything but a job definition and a function', () => {
    expect(() => handle({ name: 'mail' } as never, () => 1 as never)).toThrow(OptionsInvalid);
    expect(() => handle({ name: 'mail' } as never, () => 1 as never)).toThrow(
      'handle: job: expected what defineJob returns',
    );
    expect(() => handle(mail, undefined as never)).toThrow(
      'handle(handler.mail): run: expected a function, got undefined',
    );
  });
});

describe('handleMany', () => {
  it('pairs a job with a handler of many rows, unchangeably', () => {
    const run = () => undefined;
    const handler = handleMany(mail, run);
    expect(handler).toMatchObject({ job: mail, run, many: true });
    expect([Object.isFrozen(handler), isHandler(handler)]).toEqual([true, true]);
  });

  it('types the handler of many: it gets each row’s payload and id, and returns nothing or one outcome per row', () => {
    handleMany(mail, async (rows, context) => {
      expectTypeOf(rows).toEqualTypeOf<readonly Row<typeof mail>[]>();
      expectTypeOf(rows[0]?.payload).toEqualTypeOf<{ at: Date } | undefined>();
      expectTypeOf(context).toEqualTypeOf<Context>();
    });
    handleMany(mail, (rows) => Promise.allSettled(rows.map(async () => ({ sent: 1 }))));
    // @ts-expect-error: each result must fit its schema.
    handleMany(mail, (rows) => Promise.allSettled(rows.map(async () => ({ sent: 'one' }))));
    // @ts-expect-error: Promise.all returns no outcome for each row.
    handleMany(mail, (rows) => Promise.all(rows.map(async () => ({ sent: 1 }))));
  });

  it('refuses anything but a job definition and a function', () => {
    expect(() => handleMany({ name: 'mail' } as never, () => undefined)).toThrow(
      'handleMany: job: expected what defineJob returns',
    );
    expect(() => handleMany(mail, 'run' as never)).toThrow(
      'handleMany(handler.mail): run: expected a function, got string',
    );
  });
});

describe('isHandler', () => {
  it('recognizes what handle made, in this copy of the package or another, and nothing else', () => {
    expect(isHandler(handle(mail, () => ({ sent: 1 })))).toBe(true);
    expect(isHandler({ [Symbol.for('bullpen.handler')]: true })).toBe(true);
    for (const other of [mail, () => 1, null, undefined, 'handler', {}]) expect(isHandler(other)).toBe(false);
  });
});
