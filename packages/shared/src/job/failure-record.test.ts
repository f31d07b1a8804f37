import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FailureRecord, readFailure, writeFailure } from './failure-record.js';

const record: FailureRecord = {
  ...{ json: '{"id":7, "cents":12345678901234567890}', outcome: 'failed', attempts: 3, failedAt: 1_700_000_000_000 },
  error: { name: 'Error', message: 'order 7 is gone', stack: 'Error: order 7 is gone\n    at send' },
};
describe('a record', () => {
  it('reads as it was written, with its reason before it', () => {
    const written = writeFailure(record);
    expect(written.reason).toBe('Error: order … is gone\nError: order 7 is gone');
    const kept = `${written.reason.split('\n')[0]}\n${written.text}`;
    const payload = JSON.parse(record.json ?? '') as unknown;
    expect(readFailure(kept)).toEqual({ ...record, payload, reason: 'Error: order … is gone' });
  });

  it('gives an example of at most 500 characters beside its reason', () => {
    const error = { name: 'Error', message: `a\nb ${'😀'.repeat(1_000)}` };
    const [reason, ...example] = writeFailure({ ...record, error }).reason.split('\n');
    expect(reason).toHaveLength(200);
    expect(example.join('\n')).toBe(`Error: a\nb ${'😀'.repeat(244)}`);
  });

  it('keeps the beginning of a stack, and adds none where there is none', () => {
    const long = { ...record, error: { ...record.error, stack: 'x'.repeat(10_000) } };
    const read = (written: typeof long) => readFailure(`reason\n${writeFailure(written).text}`);
    expect(read(long).error.stack).toHaveLength(2_000);
    const none = { ...record, error: { name: 'Error', message: 'boom' } };
    expect(read(none as typeof long).error).toEqual(none.error);
  });

  it('comes back unchanged, for any payload and any message', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (payload, name, message) => {
        const json = JSON.stringify(payload, undefined, 1);
        const { reason: said, text } = writeFailure({ ...record, json, error: { name, message } });
        const shared = said.slice(0, said.indexOf('\n'));
        const read = readFailure(`${shared}\n${text}`);
        // JSON itself does not keep every value, so compare with what it keeps.
        const stored = { payload: JSON.parse(json) as unknown, json };
        expect(read).toEqual({ ...record, ...stored, error: { name, message }, reason: shared });
      }),
    );
  });
});
