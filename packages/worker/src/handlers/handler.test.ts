import { defineJob, OptionsInvalid } from '@bullpen/shared';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type AnyHandler,
  type Context,
  type Handler,
  handle,
  handleMany,
  isHandler,
  type ManyHandler,
  type Row,
  type RowOutcome,
} from './handler.js';
import { testContext } from './test-context.js';

const mail = defineJob({
  name: 'handler.mail',
  payload: z.object({ at: z.coerce.date() }),
  result: z.object({ sent: z.number() }),
});

describe('handle', () => {
  it('pairs a job with its handler, unchangeably', () => {
    const handler = handle(mail, () => ({ sent: 1 }));
    expect([handler.job, handler.many, Object.isFrozen(handler)]).toEqual([mail, false, true]);
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

  it('can be called in a test, and keeps the types of its job', async () => {
    const at = new Date('2030-01-01');
    const sendMail = handle(mail, async (payload, { attempt }) => {
      if (attempt > 1) throw new Error(`sent already, at ${payload.at.toISOString()}`);
      return { sent: payload.at.getTime() };
    });
    expectTypeOf(sendMail).toEqualTypeOf<Handler<typeof mail>>();
    expectTypeOf(sendMail.job).toEqualTypeOf<typeof mail>();
    expectTypeOf(sendMail).parameter(0).toEqualTypeOf<{ at: Date }>();
    const result = await sendMail({ at }, testContext());
    expectTypeOf(result).toEqualTypeOf<{ sent: number }>();
    expect(result).toEqual({ sent: at.getTime() });
    await expect(sendMail({ at }, testContext({ attempt: 2 }))).rejects.toThrow('sent already, at 2030');
    // @ts-expect-error: the payload must fit its schema.
    await sendMail({ at: 'now' }, testContext({ attempt: 2 })).catch(() => undefined);
  });

  it('returns a promise when it is called, also of a function that makes none', async () => {
    const fails = handle(mail, ({ at }) => {
      throw new Error(`not at ${at.getUTCFullYear()}`);
    });
    const called = fails({ at: new Date('2030-01-01') }, testContext());
    expectTypeOf(called).toEqualTypeOf<Promise<{ sent: number }>>();
    await expect(called).rejects.toThrow('not at 2030');
    const many = handleMany(mail, () => undefined);
    expectTypeOf(many).returns.toEqualTypeOf<Promise<readonly RowOutcome<typeof mail>[] | undefined>>();
    await expect(many([], testContext())).resolves.toBeUndefined();
  });

  it('fits a worker whatever its job is, as a handler of many does', () => {
    expectTypeOf<Handler<typeof mail>>().toExtend<AnyHandler>();
    expectTypeOf<ManyHandler<typeof mail>>().toExtend<AnyHandler>();
    expectTypeOf<(payload: { at: Date }, context: Context) => void>().not.toExtend<AnyHandler>();
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
    const handler = handleMany(mail, () => undefined);
    expect([handler.job, handler.many, Object.isFrozen(handler), isHandler(handler)]).toEqual([mail, true, true, true]);
  });

  it('can be called in a test, and keeps the types of its job', async () => {
    const seen: string[] = [];
    const sendMails = handleMany(mail, async (rows, { batch }) => {
      for (const { id, payload } of rows) seen.push(`${batch} ${id} ${payload.at.getUTCFullYear()}`);
    });
    expectTypeOf(sendMails).toEqualTypeOf<ManyHandler<typeof mail>>();
    expectTypeOf(sendMails).parameter(0).toEqualTypeOf<readonly Row<typeof mail>[]>();
    await sendMails([{ id: 'b-march-1', payload: { at: new Date('2030-01-01') } }], testContext({ batch: 'march' }));
    expect(seen).toEqual(['march b-march-1 2030']);
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

describe('testContext', () => {
  it('refuses a misspelt field, and takes undefined for the default', () => {
    expect(() => testContext({ atempt: 2 } as never)).toThrow(
      "atempt: is no option of testContext. Did you mean 'attempt'?",
    );
    expect(() => testContext('j-1' as never)).toThrow(OptionsInvalid);
    expect(testContext({ attempt: undefined, signal: undefined })).toMatchObject({
      attempt: 1,
      signal: { aborted: false },
    });
  });
});

describe('isHandler', () => {
  it('recognizes what handle made, in this copy of the package or another, and nothing else', () => {
    expect(isHandler(handle(mail, () => ({ sent: 1 })))).toBe(true);
    expect(isHandler(Object.assign(() => 1, { [Symbol.for('bullpen.handler')]: () => 1 }))).toBe(true);
    for (const other of [mail, () => 1, null, undefined, 'handler', {}]) expect(isHandler(other)).toBe(false);
  });
});
