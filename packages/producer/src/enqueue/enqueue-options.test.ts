import { defineJob, OptionsInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkKey, parseEnqueueOptions } from './enqueue-options.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const job = defineJob({ name: 'options.test', payload: z.unknown() });

/** The faults of options, each as `path: reason`. */
function faultsOf(options: object): readonly string[] {
  try {
    parseEnqueueOptions(job, options, NOW);
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
    expect(parseEnqueueOptions(job, { expiresAt: NOW + 1 }, NOW).expiresAt).toBe(NOW + 1);
  });

  it('accepts the largest value of each option', () => {
    expect(faultsOf({ delay: '3650d', priority: 2_097_151, expiresAt: 8.64e15, maxWaiting: 1e9 })).toEqual([]);
  });

  it.each([
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
    [
      'an invalid Date',
      { expiresAt: new Date('soon') },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
    ['an expiry as text', { expiresAt: '2030' }, 'expiresAt: expected a valid Date, or whole milliseconds since 1970'],
    [
      'half a millisecond',
      { expiresAt: NOW + 0.5 },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
    ['an expiry now', { expiresAt: NOW }, 'expiresAt: has passed already (2026-01-01T00:00:00.000Z)'],
    [
      'an expiry before the first Date',
      { expiresAt: -9e15 },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
    [
      'an expiry after the last Date',
      { expiresAt: 9e15 },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
  ])('refuses %s', (_, options, fault) => {
    expect(faultsOf(options)).toEqual([fault]);
  });

  it('names every fault at once', () => {
    const all = { key: '', delay: 'x', priority: 0.1, maxWaiting: -1, expiresAt: 0 };
    expect(faultsOf(all).map((fault) => fault.split(':')[0])).toEqual([
      ...['key', 'delay', 'priority', 'maxWaiting', 'expiresAt'],
    ]);
  });

  it('refuses any garbage with OptionsInvalid', () => {
    const garbage = fc.anything({ withNullPrototype: true, withBigInt: true });
    const anyOptions = fc.record(
      { key: garbage, delay: garbage, priority: garbage, expiresAt: garbage, maxWaiting: garbage },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(faultsOf(options).length).toBeLessThanOrEqual(5);
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
