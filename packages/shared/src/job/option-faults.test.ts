import { describe, expect, it } from 'vitest';
import { type OptionTable, optionFaults } from './option-faults.js';
import { OPTION_WORDS } from './option-words.js';

const table: OptionTable<{ readonly delay: number; readonly key: string }> = {
  ...{ delay: true, key: true },
  at: 'write delay',
};
const said = (options: unknown, of = 'enqueue'): string[] =>
  optionFaults(options, table, of).map(({ path, reason }) => `${path}: ${reason}`);

describe('optionFaults', () => {
  it('finds nothing wrong with the options that the function has, nor with undefined', () => {
    expect(said({ delay: 5, key: 'a' })).toEqual([]);
    expect(said({ jobId: undefined })).toEqual([]);
    expect(said(Object.create({ jobId: 'inherited' }))).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a word of another library', 'jobId', 'jobId: is no option of enqueue; write key'],
    [
      ...(['an option of another function', 'attempts'] as const),
      'attempts: is no option of enqueue; write maxAttempts in defineJob',
    ],
    ['what this function has other advice for', 'at', 'at: is no option of enqueue; write delay'],
    [
      'what Bullpen does not have',
      'lifo',
      'lifo: is no option of enqueue; jobs start in the order in which they came; ',
    ],
    [
      ...(['an option of another function, and why', 'retries'] as const),
      'retries: is no option of enqueue; write maxAttempts in defineJob: it counts the first attempt as well',
    ],
    ['a misspelt option', 'dleay', "dleay: is no option of enqueue. Did you mean 'delay'?"],
    ['anything else', 'constructor', 'constructor: is no option of enqueue. It has: delay, key.'],
  ])('says what to write instead of %s', (_, name, fault) => {
    expect(said({ [name]: 1 })).toEqual([expect.stringContaining(fault)]);
  });

  it('knows that enqueueMany has what enqueue has', () => {
    expect(said({ jobId: 'a' }, 'enqueueMany')).toEqual(['jobId: is no option of enqueueMany; write key']);
  });

  it('names the path of options inside options', () => {
    expect(optionFaults({ colour: 1 }, table, 'backoff', 'backoff')).toEqual([
      { path: 'backoff.colour', reason: 'is no option of backoff. It has: delay, key.' },
    ]);
  });

  it('refuses what is no object, and does not show it: it may be an address with a password', () => {
    const expected = 'expected an object with the options of enqueue';
    expect(said('redis://:hunter2@host')).toEqual([`: ${expected}, got string`]);
    expect(said(null)).toEqual([`: ${expected}, got null`]);
    expect(said(['key'])).toEqual([`: ${expected}, got a list`]);
  });

  it('refuses objects that have no options: whoever gives one means something else', () => {
    const expected = 'expected an object with the options of enqueue';
    expect(said(new Date())).toEqual([`: ${expected}, got a Date`]);
    expect(said(new Map([['key', 'a']]))).toEqual([`: ${expected}, got a Map`]);
    expect(said(Promise.resolve({ key: 'a' }))).toEqual([`: ${expected}, got a Promise`]);
    expect(said(new (class Mine {})())).toEqual([]);
    expect(said(Object.create(null))).toEqual([]);
  });
});

describe('OPTION_WORDS', () => {
  it('has the options of BullMQ that people write first', () => {
    expect(Object.keys(OPTION_WORDS)).toEqual(
      expect.arrayContaining([
        ...['attempts', 'jobId', 'retries', 'removeOnComplete', 'removeOnFail', 'lockDuration', 'connection'],
        ...['backoff', 'repeat', 'lifo', 'deduplication', 'ttl', 'limiter', 'stalledInterval', 'maxStalledCount'],
      ]),
    );
  });
});
