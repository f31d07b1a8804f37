import type { Logger } from '@bullpen/shared';
import type { Thrown } from '@bullpen/shared/internal';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../attempt/outcome.js';
import { logOutcome } from './log-outcome.js';

/** What is logged about an outcome, at level `debug` or above `info`. */
function logged(outcome: Outcome, { number = 1, debug = true, jobId = 'j-1' } = {}) {
  const lines: unknown[][] = [];
  const at =
    (level: string) =>
    (...args: unknown[]) =>
      void lines.push([level, ...args]);
  const log = {
    isLevelEnabled: () => debug,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  const attempt = { job: 'mail.send', queue: 'mail', number, maxAttempts: 3 };
  logOutcome(log as unknown as Logger, outcome, attempt, jobId, 5);
  return lines;
}

const error: Thrown = { name: 'Error', message: 'boom', stack: undefined, code: undefined };
const fields = { job: 'mail.send', jobId: 'j-1', queue: 'mail', attempt: 1, durationMs: 5 };

describe('logOutcome', () => {
  it.each<[Outcome, string, string, object]>([
    [{ kind: 'completed', result: 'secret' }, 'debug', 'attempt completed', {}],
    [{ kind: 'failed', error }, 'warn', 'attempt failed, will be retried', { maxAttempts: 3, error }],
    [{ kind: 'rejected', error }, 'error', 'job rejected', { error }],
    [{ kind: 'expired', error }, 'warn', 'job expired', { error }],
    [{ kind: 'crashed', error }, 'error', 'job crashed too often', { error }],
    [{ kind: 'cancelled', error }, 'info', 'job cancelled', {}],
    [{ kind: 'snoozed', due: { at: 0 }, error }, 'info', 'job snoozed', { until: '1970-01-01T00:00:00.000Z' }],
    [{ kind: 'snoozed', due: { inMs: 90_000 }, error }, 'info', 'job snoozed', { in: '90s' }],
    [{ kind: 'interrupted', reason: 'draining' }, 'info', 'attempt interrupted', { reason: 'draining' }],
  ])('writes one line with the fixed fields: %o', (outcome, level, message, more) => {
    expect(logged(outcome)).toEqual([[level, { ...fields, ...more }, message]]);
  });

  it('logs a failure at its last attempt as an error', () => {
    expect(logged({ kind: 'failed', error }, { number: 3 })).toEqual([
      ['error', { ...fields, attempt: 3, maxAttempts: 3, error }, 'job failed'],
    ]);
  });

  it('names the row, for a row of a shared job', () => {
    expect(logged({ kind: 'rejected', error }, { jobId: 'b-b1-7' })).toEqual([
      ['error', { ...fields, jobId: 'b-b1-7', error }, 'job rejected'],
    ]);
  });

  it('logs a completed attempt only at level debug', () => {
    expect(logged({ kind: 'completed', result: 1 }, { debug: false })).toEqual([]);
  });
});
