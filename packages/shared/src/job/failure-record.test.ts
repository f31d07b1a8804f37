import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FailureRecord, readFailure, reasonOfFailure, writeFailure } from './failure-record.js';

const record: FailureRecord = {
  ...{ payload: { id: 7 }, outcome: 'failed', attempts: 3, failedAt: 1_700_000_000_000 },
  error: { name: 'Error', message: 'order 7 is gone', stack: 'Error: order 7 is gone\n    at send' },
};
const reason = (message: string, name = 'Error'): string => reasonOfFailure({ name, message });

describe('reasonOfFailure', () => {
  it.each([
    ['a number', 'order 17 is gone', 'Error: order … is gone'],
    ['a decimal number', 'took 1.5 s', 'Error: took ….… s'],
    ['what is quoted', `no such file 'a.txt', nor "b c"`, 'Error: no such file …, nor …'],
    ['a UUID', 'order 0f8fad5b-d9cb-469f-a165-70867728950e is gone', 'Error: order … is gone'],
    ['a hash', 'at 9fceb02d0ae598e95dc970b74767f19372d61af8', 'Error: at …'],
    ['an address', 'segfault at 0xdeadbeef', 'Error: segfault at …'],
    ['line breaks and tabs', 'one\n\ttwo', 'Error: one two'],
  ])('leaves out %s, which differs from row to row', (_, message, expected) => {
    expect(reason(message)).toBe(expected);
  });

  it('keeps words, also words of the letters a to f', () => {
    expect(reason('the facade decade is bad')).toBe('Error: the facade decade is bad');
  });

  it('differs for errors of different names', () => {
    expect(reason('boom', 'TypeError')).not.toBe(reason('boom', 'RangeError'));
  });

  it('is the same for rows that differ only in numbers and ids', () => {
    const reasons = Array.from({ length: 1_000 }, (_, at) => reason(`POST /orders/${at}: 503, id "x${at}"`));
    expect(new Set(reasons).size).toBe(1);
  });

  it('is one line of at most 200 characters, for any error', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), (name, message) => {
        const said = reason(message, name);
        expect(said.length).toBeLessThanOrEqual(200);
        expect(said).not.toMatch(/[\n\r\t]/);
      }),
      { examples: [['Error', 'x'.repeat(1_000_000)]] },
    );
  });
});

describe('a record', () => {
  it('reads as it was written, with its reason before it', () => {
    const written = writeFailure(record);
    expect(written.reason).toBe('Error: order … is gone');
    expect(readFailure(`${written.reason}\n${written.text}`)).toEqual({ ...record, reason: 'Error: order … is gone' });
  });

  it('keeps the beginning of a stack, and adds none where there is none', () => {
    const long = { ...record, error: { ...record.error, stack: 'x'.repeat(10_000) } };
    const text = writeFailure(long).text;
    expect((JSON.parse(text) as FailureRecord).error.stack).toHaveLength(2_000);
    const none = { ...record, error: { name: 'Error', message: 'boom' } };
    expect(JSON.parse(writeFailure(none).text)).toEqual(none);
  });

  it('comes back unchanged, for any payload and any message', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (payload, name, message) => {
        // JSON itself does not keep every value, so compare with what it keeps.
        const stored = JSON.parse(JSON.stringify(payload)) as unknown;
        const { reason: said, text } = writeFailure({ ...record, payload, error: { name, message } });
        const read = readFailure(`${said}\n${text}`);
        expect(read).toEqual({ ...record, payload: stored, error: { name, message }, reason: said });
      }),
    );
  });
});
