import { defineJob, OptionsInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkKey, type EnqueueOptions, parseEnqueueOptions } from './enqueue-options.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const job = defineJob({ name: 'options.test', payload: z.unknown() });

/** The faults of options, each as `path: reason`. */
function faultsOf(options: unknown): readonly string[] {
  try {
    parseEnqueueOptions(job, options as EnqueueOptions, NOW);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsInvalid);
    return (error as OptionsInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

describe('parseEnqueueOptions', () => {
  it('enqueues at once, without priority, expiry or maxWaiting, by default', () => {
    expect(parseEnqueueOptions(job, {}, NOW)).toEqual({
      delayMs: 0,
      priority: 0,
      expiresAt: undefined,
      maxWaiting: undefined,
    });
  });

  it('parses delay, priority, expiry and maxWaiting', () => {
    const expiresAt = new Date(NOW + 60_000);
    expect(parseEnqueueOptions(job, { delay: '5s', priority: 7, expiresAt, maxWaiting: 500 }, NOW)).toEqual({
      ...{ delayMs: 5_000, priority: 7, expiresAt: NOW + 60_000, maxWaiting: 500 },
    });
  });

  it('takes an instant instead of a delay, also a past one, and a duration instead of an expiry', () => {
    const parsed = (options: EnqueueOptions) => parseEnqueueOptions(job, options, NOW);
    expect(parsed({ at: new Date(NOW + 5_000) })).toMatchObject({ delayMs: 0, dueAt: NOW + 5_000 });
    expect(parsed({ at: new Date(0) })).toMatchObject({ delayMs: 0, dueAt: 0 });
    expect(parsed({ expiresIn: '5m' })).toMatchObject({ expiresAt: undefined, expiresInMs: 300_000 });
  });

  it('ignores an option that is undefined', () => {
    expect(faultsOf({ jobId: undefined, delay: undefined, priority: undefined })).toEqual([]);
  });

  it('accepts the largest value of each option', () => {
    expect(faultsOf({ delay: '3650d', priority: 2_097_151, expiresAt: new Date(8.64e15), maxWaiting: 1e9 })).toEqual(
      [],
    );
  });

  it.each<[string, unknown, string]>([
    [
      'a delay that is no duration',
      { delay: 'later' },
      "delay: expected a duration such as '30s' or milliseconds, got 'later'",
    ],
    ['a negative delay', { delay: -1 }, 'delay: a duration cannot be negative, got -1'],
    ['a delay of more than 10 years', { delay: '3651d' }, 'delay: expected at most 10 years'],
    ['a negative priority', { priority: -1 }, 'priority: expected a whole number from 1 to 2097151, got -1'],
    ['half a priority', { priority: 1.5 }, 'priority: expected a whole number from 1 to 2097151, got 1.5'],
    [
      'a priority below the lowest',
      { priority: 2_097_152 },
      'priority: expected a whole number from 1 to 2097151, got 2097152',
    ],
    ['a maxWaiting of 0', { maxWaiting: 0 }, 'maxWaiting: expected a whole number from 1 to 1000000000, got 0'],
    ['half a maxWaiting', { maxWaiting: 1.5 }, 'maxWaiting: expected a whole number from 1 to 1000000000, got 1.5'],
    ['a maxWaiting as text', { maxWaiting: '5' }, "maxWaiting: expected a whole number from 1 to 1000000000, got '5'"],
    ['a priority of 0', { priority: 0 }, 'priority: expected 1 or more; leave it out for no priority'],
    ['an invalid Date', { expiresAt: new Date('soon') }, 'expiresAt: expected a valid Date, got an invalid one'],
    ['an expiry as text', { expiresAt: '2030' }, "expiresAt: expected a Date, got '2030'"],
    ['an expiry in seconds', { expiresAt: 1_900_000_000 }, 'expiresAt: expected a Date, got 1900000000'],
    ['an expiry now', { expiresAt: new Date(NOW) }, 'expiresAt: has passed already (2026-01-01T00:00:00.000Z)'],
    ['an instant as milliseconds', { at: NOW + 5_000 }, 'at: expected a Date, got 1767225605000'],
    ['an instant in 11 years', { at: new Date('2037-01-01') }, 'at: expected at most 10 years from now'],
    [
      ...(['a job that expires before it is due', { delay: '1d', expiresAt: new Date(NOW + 5) }] as const),
      'expiresAt: expected an instant after the job is due (2026-01-02T00:00:00.000Z), got 2026-01-01T00:00:00.005Z',
    ],
    [
      ...(['a job that expires when it is due', { at: new Date(NOW + 5), expiresAt: new Date(NOW + 5) }] as const),
      'expiresAt: expected an instant after the job is due (2026-01-01T00:00:00.005Z), got 2026-01-01T00:00:00.005Z',
    ],
    ['no delay, as null', { delay: null }, "delay: expected a duration such as '30s' or milliseconds, got null"],
    ['no key, as null', { key: null }, 'key: expected text, got null'],
    ['a Date alone', new Date(NOW), ': expected an object with the options of enqueue, got a Date'],
    ['a list', [], ': expected an object with the options of enqueue, got a list'],
    ['a delay and an instant', { delay: 5, at: new Date(NOW) }, 'at: give either a delay or a time'],
    [
      ...(['an expiry twice', { expiresIn: '1h', expiresAt: new Date(NOW + 5) }] as const),
      'expiresAt: give either a duration or a time',
    ],
    ['an expiry at once', { expiresIn: 0 }, 'expiresIn: expected at least 1ms, got 0'],
    [
      ...(['an expiry that is no duration', { expiresIn: 'soon' }] as const),
      "expiresIn: expected a duration such as '30s' or milliseconds, got 'soon'",
    ],
    ['what BullMQ calls jobId', { jobId: 'a' }, 'jobId: is no option of enqueue; write key'],
    ['attempts', { attempts: 5 }, 'attempts: is no option of enqueue; write maxAttempts in defineJob'],
    ['a backoff', { backoff: 5 }, 'backoff: is no option of enqueue; write it in defineJob'],
    [
      ...(['removeOnComplete', { removeOnComplete: true }] as const),
      'removeOnComplete: is no option of enqueue; write keepCompleted in startWorker',
    ],
    ['a misspelt option', { dealy: 5 }, "dealy: is no option of enqueue. Did you mean 'delay'?"],
    [
      ...(['a word of nobody', { colour: 'red' }] as const),
      'colour: is no option of enqueue. It has: key, delay, at, priority, expiresIn, expiresAt, maxWaiting.',
    ],
    ['options that are no object', 'key', ': expected an object with the options of enqueue, got string'],
  ])('refuses %s', (_, options, fault) => {
    expect(faultsOf(options)).toEqual([fault]);
  });

  it('names every fault at once', () => {
    const all = { key: '', delay: 'x', priority: 0.1, maxWaiting: -1, expiresAt: 0, retries: 1 };
    expect(faultsOf(all).map((fault) => fault.split(':')[0])).toEqual([
      ...['retries', 'key', 'priority', 'maxWaiting', 'delay', 'expiresAt'],
    ]);
  });

  it('refuses any garbage with OptionsInvalid', () => {
    const garbage = fc.anything({ withNullPrototype: true, withBigInt: true });
    const anyOptions = fc.record(
      {
        ...{ key: garbage, delay: garbage, at: garbage, priority: garbage, maxWaiting: garbage },
        ...{ expiresIn: garbage, expiresAt: garbage, more: garbage },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(faultsOf(options).length).toBeLessThanOrEqual(10);
      }),
      { examples: [[{ priority: Symbol('p') }], [{ priority: Object.create(null) }]] },
    );
  });
});

describe('checkKey', () => {
  it.each([
    ['an empty key', '', 'expected 1 to 1000 characters, got 0'],
    ['a key of 1,001 characters', 'x'.repeat(1_001), 'expected 1 to 1000 characters, got 1001'],
    ['a key that is no text', 17, 'expected text, got number'],
  ])('refuses %s', (_, key, reason) => {
    expect(() => checkKey(job, key)).toThrow(
      new OptionsInvalid('cannot enqueue options.test', [{ path: 'key', reason }]),
    );
  });
});
