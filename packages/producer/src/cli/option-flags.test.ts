import { BatchConflict, OptionsInvalid, PayloadInvalid } from '@bullpen/shared';
import { inFlags } from '@bullpen/shared/command';
import { describe, expect, it } from 'vitest';
import { optionFlags } from './option-flags.js';

const messageOf = (error: unknown): string => (inFlags(error, optionFlags) as Error).message;

describe('optionFlags', () => {
  it('has the flag of each option, and no other names', () => {
    const faults = ['keep', 'rowsPerJob', 'expiresAt', 'queue', '--jobs', 'job', ''].map((path) => ({
      path,
      reason: 'odd',
    }));
    expect(messageOf(new OptionsInvalid('cannot enqueue the batch', faults))).toBe(
      'cannot enqueue the batch: --keep: odd; --rows-per-job: odd; --expires-at: odd; --queue: odd; --jobs: odd; job: odd; odd',
    );
  });

  it('also names the options in which two batches differ', () => {
    const other = new BatchConflict({ name: 'a' }, "batch 'a' exists with other options", [
      { path: 'keyField', reason: 'was id, is not given' },
      { path: 'delay', reason: 'was 90m, is 1h' },
    ]);
    expect(messageOf(other)).toBe(
      "batch 'a' exists with other options: --key-field was id, is not given; --delay was 90m, is 1h. Give it another name.",
    );
    expect(messageOf(new BatchConflict({ name: 'a' }, "batch 'a' was cancelled"))).toBe("batch 'a' was cancelled");
  });

  it('leaves other errors as they are: the fields of a payload are not options', () => {
    const error = new PayloadInvalid('payload of mail.send', [{ path: 'keep', reason: 'odd' }]);
    expect(inFlags(error, optionFlags)).toBe(error);
  });
});
