import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Backoff } from './backoff.js';
import { JobDefinitionInvalid } from './errors/call-errors.js';
import {
  definedJobs,
  defineJob,
  isJob,
  type JobOptions,
  type Payload,
  type PayloadInput,
  type ResultInput,
} from './job.js';

const payload = z.object({ to: z.string() });

/** The faults of a definition, as `path: reason`. */
function faultsOf(options: unknown): readonly string[] {
  try {
    defineJob(options as Parameters<typeof defineJob>[0]);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(JobDefinitionInvalid);
    return (error as JobDefinitionInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

/** The same options, where an option that may be left out may also be `undefined`. */
type Undefinable<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

describe('defineJob', () => {
  it('fills in the defaults', () => {
    const job = defineJob({ name: 'job.defaults', payload });
    expect(job).toMatchObject({
      ...{ name: 'job.defaults', queue: 'default', maxAttempts: 10, maxCrashes: 3, timeoutMs: 60_000, rowsPerJob: 1 },
      backoff: { type: 'exponential', delayMs: 1_000, maxDelayMs: 3_600_000, jitter: 0.2 },
    });
    expect(job.result).toBeUndefined();
    expect(job.expiresInMs).toBeUndefined();
    expect(job.payload).toBe(payload);
  });

  it('keeps the given options, with durations in milliseconds', () => {
    const job = defineJob({
      ...{ name: 'job.said', queue: 'mail', payload, result: z.string(), maxAttempts: 3, maxCrashes: 1 },
      ...{ timeout: '30s', expiresIn: '2h', rowsPerJob: 50, backoff: { type: 'fixed', delay: '5s', jitter: 0 } },
    });
    expect(job).toMatchObject({
      queue: 'mail',
      maxAttempts: 3,
      maxCrashes: 1,
      rowsPerJob: 50,
      timeoutMs: 30_000,
      expiresInMs: 7_200_000,
    });
    expect(job.backoff).toEqual({ type: 'fixed', delayMs: 5_000, maxDelayMs: 5_000, jitter: 0 });
  });

  it('cannot be changed afterwards', () => {
    const job = defineJob({ name: 'job.frozen', payload });
    expect(Object.isFrozen(job)).toBe(true);
    expect(Object.isFrozen(job.backoff)).toBe(true);
  });

  it('notes the file, line and column of the definition', () => {
    expect(defineJob({ name: 'job.place', payload }).definedAt).toMatch(/job\.test\.ts:\d+:\d+$/);
  });

  it.each([
    ['what BullMQ calls attempts', { attempts: 3 }, /^attempts: is no option of defineJob; write maxAttempts$/],
    ['a key', { jobId: 'a' }, /^jobId: is no option of defineJob; write key in enqueue$/],
    ['a misspelt option', { timeuot: '5s' }, /^timeuot: is no option of defineJob\. Did you mean 'timeout'\?$/],
    [
      'a backoff that is a number',
      { backoff: 5_000 },
      /^backoff: expected an object such as \{ type: 'fixed', delay: '5s' \}, got 5000$/,
    ],
    ['a backoff that is null', { backoff: null }, /^backoff: expected an object such as .*, got null$/],
    [
      'a misspelt option of the backoff',
      { backoff: { type: 'fixed', delay: 5, jiter: 0 } },
      /^backoff\.jiter: is no option of backoff\. Did you mean 'jitter'\?$/,
    ],
    ['a missing name', { name: undefined }, /^name: expected 1 to 100 letters.*, got undefined$/],
    ['an empty name', { name: '' }, /^name: .* got ''$/],
    ['a name with a colon', { name: 'mail:send' }, /^name: .* got 'mail:send'$/],
    ['a name that begins with a digit', { name: '1mail' }, /^name: .* the first a letter/],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, /^name: expected 1 to 100/],
    ['a name that is a bigint', { name: 5n }, /^name: .* got 5$/],
    ['a queue with a colon', { queue: 'a:b' }, /^queue: .* got 'a:b'$/],
    ['an empty queue', { queue: '' }, /^queue: /],
    ['a queue that is no text', { queue: 5n }, /^queue: .* got 5$/],
    ['no payload schema', { payload: undefined }, /^payload: expected a Standard Schema/],
    ['a payload that is no schema', { payload: { to: 'string' } }, /^payload: expected a Standard Schema/],
    ['a result that is no schema', { result: {} }, /^result: expected a Standard Schema/],
    ['no attempts', { maxAttempts: 0 }, /^maxAttempts: expected a whole number from 1 to 1000, got 0$/],
    ['too many attempts', { maxAttempts: 1_001 }, /^maxAttempts: .* got 1001$/],
    ['half an attempt', { maxAttempts: 1.5 }, /^maxAttempts: .* got 1.5$/],
    ['attempts as text', { maxAttempts: '3' }, /^maxAttempts: .* got '3'$/],
    ['no crashes', { maxCrashes: 0 }, /^maxCrashes: expected a whole number from 1 to 1000, got 0$/],
    ['too many crashes', { maxCrashes: 1_001 }, /^maxCrashes: .* got 1001$/],
    ['half a crash', { maxCrashes: 0.5 }, /^maxCrashes: .* got 0.5$/],
    ['crashes that are NaN', { maxCrashes: Number.NaN }, /^maxCrashes: .* got NaN$/],
    ['no rows in a job', { rowsPerJob: 0 }, /^rowsPerJob: expected a whole number from 1 to 1000, got 0$/],
    ['too many rows in a job', { rowsPerJob: 1_001 }, /^rowsPerJob: .* got 1001$/],
    ['half a row', { rowsPerJob: 1.5 }, /^rowsPerJob: .* got 1.5$/],
    ['crashes as text', { maxCrashes: '3' }, /^maxCrashes: .* got '3'$/],
    ['a timeout that is not a duration', { timeout: 'soon' }, /^timeout: expected a duration .* got 'soon'$/],
    ['a timeout of 0', { timeout: 0 }, /^timeout: expected at least 1ms, got 0$/],
    ['a timeout that no timer can hold', { timeout: '25d' }, /^timeout: expected at most 24 days$/],
    ['an expiry of 0', { expiresIn: '0ms' }, /^expiresIn: expected at least 1ms, got '0ms'$/],
    ['a negative expiry', { expiresIn: '-1s' }, /^expiresIn: a duration cannot be negative, got '-1s'$/],
    ['an unknown backoff', { backoff: { type: 'linear', delay: 1 } }, /^backoff.type: .* got 'linear'$/],
    ['a backoff without delay', { backoff: { type: 'fixed' } }, /^backoff.delay: expected a duration/],
    ['jitter above 1', { backoff: { type: 'fixed', delay: 1, jitter: 1.1 } }, /^backoff.jitter: .* got 1.1$/],
    [
      'jitter that is NaN',
      { backoff: { type: 'fixed', delay: 1, jitter: Number.NaN } },
      /^backoff.jitter: .* got NaN$/,
    ],
    [
      'a maximum below the delay',
      { backoff: { type: 'exponential', delay: '2s', maxDelay: '1s' } },
      /^backoff.maxDelay: must not be below backoff.delay \(2000 ms\), got 1000 ms$/,
    ],
    [
      'a delay above the default maximum',
      { backoff: { type: 'exponential', delay: '2h' } },
      /^backoff.maxDelay: must not be below backoff.delay/,
    ],
  ])('refuses %s, and says why', (_, wrong, message) => {
    const faults = faultsOf({ name: 'job.refused', payload, ...wrong });
    expect(faults[0]).toMatch(message);
    expect(definedJobs().map(({ name }) => name)).not.toContain('job.refused');
  });

  it('lists every fault and the place in one message', () => {
    const define = () =>
      defineJob({ name: '!', queue: '', payload: {} as never, maxAttempts: 0, maxCrashes: 0, timeout: -1 });
    expect(define).toThrow(
      /^job '!' at .*job\.test\.ts:\d+:\d+: name: .*; queue: .*; payload: .*; maxAttempts: .*; maxCrashes: .*; timeout: /,
    );
  });

  it('refuses a name that is already defined, and says where', () => {
    const first = defineJob({ name: 'job.twice', payload });
    const faults = faultsOf({ name: 'job.twice', payload });
    expect(faults).toEqual([`name: 'job.twice' is already defined at ${first.definedAt}`]);
    expect(definedJobs()).toContain(first);
  });

  it('accepts the same name from the same place, as of a module that is loaded twice, and keeps the last definition', () => {
    const define = () => defineJob({ name: 'job.reloaded', payload });
    const [first, second] = [define(), define()];
    const known = definedJobs().filter(({ name }) => name === 'job.reloaded');
    expect(known).toEqual([second]);
    expect(known[0]).not.toBe(first);
  });

  it('refuses any wrong value with JobDefinitionInvalid', () => {
    const garbage = fc.anything({ withNullPrototype: true, withBigInt: true });
    const options = fc.record(
      {
        ...{ name: fc.anything({ withBigInt: true }), queue: garbage, payload: garbage, result: garbage },
        ...{ maxAttempts: garbage, maxCrashes: garbage, timeout: garbage, expiresIn: garbage },
        rowsPerJob: garbage,
        backoff: fc.oneof(
          fc.record({ type: garbage, delay: garbage, maxDelay: garbage, jitter: garbage }, { requiredKeys: [] }),
          garbage,
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, (wrong) => {
        // None of these values is a schema, so each definition has at least this fault.
        expect(faultsOf(wrong).join()).toContain('payload: ');
      }),
    );
  });

  it('takes undefined for an option, also with exactOptionalPropertyTypes', () => {
    expectTypeOf<JobOptions>().toEqualTypeOf<Undefinable<JobOptions>>();
    type Exponential = Extract<Backoff, { type: 'exponential' }>;
    expectTypeOf<Exponential>().toEqualTypeOf<Undefinable<Exponential>>();
  });

  it('types the input and the output of the schemas', () => {
    const job = defineJob({
      name: 'job.typed',
      payload: z.object({ at: z.coerce.date(), tries: z.number().default(1) }),
      result: z.object({ sent: z.string().transform(Number) }),
    });
    expectTypeOf<PayloadInput<typeof job>>().toEqualTypeOf<{ at: unknown; tries?: number | undefined }>();
    expectTypeOf<Payload<typeof job>>().toEqualTypeOf<{ at: Date; tries: number }>();
    expectTypeOf<ResultInput<typeof job>>().toEqualTypeOf<{ sent: string }>();
    const free = defineJob({ name: 'job.free', payload });
    expectTypeOf<ResultInput<typeof free>>().toEqualTypeOf<unknown>();
  });

  it('has types that allow no unknown backoff, and no maxDelay for a fixed one', () => {
    // @ts-expect-error: there is no such backoff.
    expect(() => defineJob({ name: 'job.ts.linear', payload, backoff: { type: 'linear', delay: 1 } })).toThrow();
    const capped = { type: 'fixed', delay: 1, maxDelay: 2 } as const;
    // @ts-expect-error: a fixed wait has no maximum.
    expect(() => defineJob({ name: 'job.ts.fixed', payload, backoff: { ...capped, maxDelay: 2 } })).toThrow(
      "backoff.maxDelay: is no option of backoff; a wait that is 'fixed' does not grow",
    );
  });
});

describe('isJob', () => {
  it('accepts a definition and nothing else, not even a copy of one, whose values nobody checked', () => {
    const job = defineJob({ name: 'job.is', payload });
    expect(isJob(job)).toBe(true);
    for (const other of [null, undefined, {}, { ...job, queue: 'a:b' }, 'job.is', () => job]) {
      expect(isJob(other)).toBe(false);
    }
  });

  it('accepts a definition of another copy of this package', () => {
    expect(isJob({ name: 'job.copy', [Symbol.for('bullpen.job')]: true })).toBe(true);
  });
});

describe('definedJobs', () => {
  it('includes the jobs of another copy of this package, whose names are taken as well', async () => {
    const copy = './job.js?copy';
    const other: typeof import('./job.js') = await import(copy);
    expect(other.defineJob).not.toBe(defineJob);
    const job = other.defineJob({ name: 'job.of-a-copy', payload });
    expect(definedJobs()).toContain(job);
    expect(faultsOf({ name: 'job.of-a-copy', payload })).toEqual([
      expect.stringContaining("name: 'job.of-a-copy' is already defined at"),
    ]);
  });
});
