import type { Thrown } from '@bullpen/shared/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf } from './failure.js';

const error: Thrown = {
  name: 'TypeError',
  message: 'no such file',
  stack: 'TypeError: no such file\n    at x',
  code: undefined,
};

describe('failureOf', () => {
  it('makes an error of ours with the name, message and stack of the handler’s error', () => {
    const failure = failureOf({ outcome: { kind: 'failed', error } });
    expect(failure).toMatchObject({ name: 'Error', message: 'TypeError: no such file', stack: error.stack });
    const withoutStack = { ...error, stack: undefined };
    expect(failureOf({ outcome: { kind: 'failed', error: withoutStack } }).stack).toBe('TypeError: no such file');
  });

  it.each(['rejected', 'expired', 'cancelled', 'crashed'] as const)('fails a job that was %s for good', (kind) => {
    expect(failureOf({ outcome: { kind, error } })).toMatchObject({
      ...{ name: 'UnrecoverableError', message: 'TypeError: no such file' },
    });
  });

  it('takes a reason of ours word for word, and fails for good', () => {
    expect(failureOf({ outcome: { kind: 'failed', error }, isFinal: true })).toMatchObject({
      ...{ name: 'UnrecoverableError', message: 'no such file' },
    });
  });

  it('gives BullMQ no command, whatever the handler’s error says', () => {
    const commands = ['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError', 'UnrecoverableError'];
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom(...commands, 'bullmq', 'bullmq:rateLimitExceeded', 'rateLimitExceeded', ''),
    );
    fc.assert(
      fc.property(words, words, words, (name, message, stack) => {
        const said: Thrown = { name, message, stack, code: undefined };
        const [failed, rejected] = [
          failureOf({ outcome: { kind: 'failed', error: said } }),
          failureOf({ outcome: { kind: 'rejected', error: said } }),
        ];
        expect([failed.name, rejected.name]).toEqual(['Error', 'UnrecoverableError']);
        for (const { message: told } of [failed, rejected]) expect(told).not.toBe('bullmq:rateLimitExceeded');
      }),
    );
  });
});
