import { defineJob, idForKey, OptionsInvalid } from '@bullpen/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expiryOf, keyFaults, readEnqueueOptions } from './options.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const job = defineJob({ name: 'options.test', payload: z.unknown() });
const expiring = defineJob({ name: 'options.expiring', payload: z.unknown(), expiresIn: '1h' });

/** The faults of options, as `path: reason`, or nothing. */
function faultsOf(options: object): readonly string[] {
  try {
    readEnqueueOptions(job, options, NOW);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsInvalid);
    return (error as OptionsInvalid).faults.map(({ path, reason }) => `${path}: ${reason}`);
  }
}

describe('readEnqueueOptions', () => {
  it('enqueues at once, without priority or expiry, under an id of its own, when nothing is said', () => {
    const [one, other] = [readEnqueueOptions(job, {}, NOW), readEnqueueOptions(job, {}, NOW)];
    expect(one).toEqual({ id: expect.stringMatching(/^j-/), delayMs: 0, priority: 0, bullpen: {} });
    expect(other.id).not.toBe(one.id);
  });

  it('makes the id from job and key when there is one', () => {
    expect(readEnqueueOptions(job, { key: 'order-1' }, NOW).id).toBe(idForKey('options.test', 'order-1'));
  });

  it('reads delay, priority and expiry', () => {
    const expiresAt = new Date(NOW + 60_000);
    expect(readEnqueueOptions(job, { delay: '5s', priority: 7, expiresAt }, NOW)).toMatchObject({
      ...{ delayMs: 5_000, priority: 7, bullpen: { expiresAt: NOW + 60_000 } },
    });
    expect(readEnqueueOptions(job, { expiresAt: NOW + 1 }, NOW).bullpen).toEqual({ expiresAt: NOW + 1 });
  });

  it('counts the definition’s expiry from when the job is due, and lets an expiry of its own win', () => {
    expect(readEnqueueOptions(expiring, {}, NOW).bullpen).toEqual({ expiresAt: NOW + 3_600_000 });
    expect(readEnqueueOptions(expiring, { delay: '1m' }, NOW).bullpen).toEqual({ expiresAt: NOW + 3_660_000 });
    expect(readEnqueueOptions(expiring, { expiresAt: NOW + 5 }, NOW).bullpen).toEqual({ expiresAt: NOW + 5 });
    expect([expiryOf(job, NOW), expiryOf(expiring, NOW)]).toEqual([undefined, NOW + 3_600_000]);
  });

  it('takes the largest of everything', () => {
    expect(faultsOf({ key: 'x'.repeat(1_000), delay: '3650d', priority: 2_097_151, expiresAt: 8.64e15 })).toEqual([]);
  });

  it.each([
    ['an empty key', { key: '' }, 'key: expected 1 to 1000 characters, got 0'],
    ['a key of 1,001 characters', { key: 'x'.repeat(1_001) }, 'key: expected 1 to 1000 characters, got 1001'],
    ['a key that is no text', { key: 17 }, 'key: expected text, got number'],
    [
      'a delay that is none',
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
    ['no date', { expiresAt: new Date('soon') }, 'expiresAt: expected a valid Date, or whole milliseconds since 1970'],
    ['an expiry as text', { expiresAt: '2030' }, 'expiresAt: expected a valid Date, or whole milliseconds since 1970'],
    [
      'half a millisecond',
      { expiresAt: NOW + 0.5 },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
    ['an expiry now', { expiresAt: NOW }, 'expiresAt: has passed already (2026-01-01T00:00:00.000Z)'],
    [
      'an expiry before time',
      { expiresAt: -9e15 },
      'expiresAt: expected a valid Date, or whole milliseconds since 1970',
    ],
    ['an expiry after time', { expiresAt: 9e15 }, 'expiresAt: expected a valid Date, or whole milliseconds since 1970'],
  ])('refuses %s', (_, options, fault) => {
    expect(faultsOf(options)).toEqual([fault]);
  });

  it('names every fault at once', () => {
    expect(faultsOf({ key: '', delay: 'x', priority: 0.1, expiresAt: 0 }).map((fault) => fault.split(':')[0])).toEqual([
      ...['key', 'delay', 'priority', 'expiresAt'],
    ]);
  });

  it('refuses garbage with OptionsInvalid and with nothing else', () => {
    const garbage = fc.anything({ withNullPrototype: true, withBigInt: true });
    const anyOptions = fc.record(
      { key: garbage, delay: garbage, priority: garbage, expiresAt: garbage },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(faultsOf(options).length).toBeLessThanOrEqual(4);
      }),
      { examples: [[{ priority: Symbol('p') }], [{ priority: Object.create(null) }]] },
    );
  });
});

describe('keyFaults', () => {
  it('finds nothing wrong with nearly any text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        expect(keyFaults(key)).toEqual([]);
      }),
      { examples: [['active'], ['1:2:3'], [' '], ['\ud800'], ['😀'.repeat(500)]] },
    );
  });
});
