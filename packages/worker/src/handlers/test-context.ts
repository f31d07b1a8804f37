import { createLogger, OptionsInvalid } from '@bullpen/shared';
import { type OptionTable, optionFaults } from '@bullpen/shared/internal';
import type { Context } from './handler.js';

const FIELDS: OptionTable<Context> = {
  ...{ job: true, queue: true, jobId: true, batch: true, row: true, attempt: true, maxAttempts: true },
  ...{ enqueuedAt: true, deadline: true, signal: true, log: true, progress: true },
};

/**
 * A complete context for a test of a handler: attempt 1 of 10 of a job that is no row of a batch.
 * Its signal never aborts, its logger is silent, and its `progress` does nothing. Needs no Redis.
 * @param overrides fields that the test needs otherwise
 * @example
 * const signal = AbortSignal.abort(new DeadlineExceeded(1_000));
 * const context = testContext({ attempt: 2, signal });
 * await assert.rejects(invoices(invoice, context), DeadlineExceeded);
 * @throws OptionsInvalid for a field that a context does not have
 */
export function testContext(
  overrides: { readonly [Field in keyof Context]?: Context[Field] | undefined } = {},
): Context {
  const faults = optionFaults(overrides, FIELDS, 'testContext');
  if (faults.length > 0) throw new OptionsInvalid('cannot make a context', faults);
  const now = Date.now();
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  const context: Context = {
    ...{ job: 'test.job', queue: 'default', jobId: 'j-test', batch: undefined, row: undefined },
    ...{ attempt: 1, maxAttempts: 10, enqueuedAt: now, deadline: now + 60_000 },
    signal: new AbortController().signal,
    log: createLogger({ level: 'silent' }),
    progress: async () => undefined,
  };
  return Object.assign(context, Object.fromEntries(given));
}
