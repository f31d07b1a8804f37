import { defineJob, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type Context, handle, isHandler } from './handler.js';

const mail = defineJob({
  name: 'handler.mail',
  payload: z.object({ at: z.coerce.date() }),
  result: z.object({ sent: z.number() }),
});

describe('handle', () => {
  it('pairs a job with its handler, and cannot be changed afterwards', () => {
    const run = () => ({ sent: 1 });
    const handler = handle(mail, run);
    expect(handler).toMatchObject({ job: mail, run });
    expect(Object.isFrozen(handler)).toBe(true);
  });

  it('gives the handler the payload’s output and takes the result’s input, for the compiler', () => {
    handle(mail, async (payload, context) => {
      expectTypeOf(payload).toEqualTypeOf<{ at: Date }>();
      expectTypeOf(context).toEqualTypeOf<Context>();
      return { sent: 1 };
    });
    // @ts-expect-error: the result must fit its schema.
    handle(mail, () => ({ sent: 'one' }));
  });

  it('refuses what is no job and what is no function', () => {
    expect(() => handle({ name: 'mail' } as never, () => 1 as never)).toThrow(OptionsInvalid);
    expect(() => handle({ name: 'mail' } as never, () => 1 as never)).toThrow(
      'handle: job: expected what defineJob returns',
    );
    expect(() => handle(mail, undefined as never)).toThrow(
      'handle(handler.mail): run: expected a function, got undefined',
    );
  });
});

describe('isHandler', () => {
  it('knows what handle made, in this copy of the package or another, from everything else', () => {
    expect(isHandler(handle(mail, () => ({ sent: 1 })))).toBe(true);
    expect(isHandler({ [Symbol.for('bullpen.handler')]: true })).toBe(true);
    for (const other of [mail, () => 1, null, undefined, 'handler', {}]) expect(isHandler(other)).toBe(false);
  });
});
