import { createLogger } from '@bullpen/shared';
import type { Context } from './handler.js';

/**
 * A complete context for a test of a handler: attempt 1 of 10 of a job that is no row of a batch.
 * Its signal never aborts, its logger is silent, and its `progress` does nothing. Needs no Redis.
 * @param overrides fields that the test needs otherwise
 * @example
 * const signal = AbortSignal.abort(new DeadlineExceeded(1_000));
 * const context = testContext({ attempt: 2, signal });
 * await assert.rejects(async () => invoices(invoice, context), DeadlineExceeded);
 */
export function testContext(overrides: Partial<Context> = {}): Context {
  const now = Date.now();
  return {
    ...{ job: 'test.job', queue: 'default', jobId: 'j-test', batch: undefined, row: undefined },
    ...{ attempt: 1, maxAttempts: 10, enqueuedAt: now, deadline: now + 60_000 },
    signal: new AbortController().signal,
    log: createLogger({ level: 'silent' }),
    progress: async () => undefined,
    ...overrides,
  };
}
