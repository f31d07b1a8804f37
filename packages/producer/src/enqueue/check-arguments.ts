import { isJob, OptionsInvalid } from '@bullpen/shared';
import { showValue } from '@bullpen/shared/internal';

/** @throws OptionsInvalid when `job` is not what `defineJob` returns */
export function checkJob(job: unknown, subject: string): void {
  if (isJob(job)) return;
  throw new OptionsInvalid(subject, [{ path: 'job', reason: 'expected what defineJob returns' }]);
}

/** @throws OptionsInvalid when `payloads` cannot be read one after the other */
export function checkPayloads(payloads: unknown): void {
  if (typeof payloads === 'object' && payloads !== null) {
    if (Symbol.iterator in payloads || Symbol.asyncIterator in payloads) return;
  }
  const reason = `expected a list or an async iterable of payloads, got ${showValue(payloads)}`;
  throw new OptionsInvalid('cannot enqueue', [{ path: 'payloads', reason }]);
}

/** @throws OptionsInvalid when `id` is no text */
export function checkId(id: unknown): void {
  if (typeof id === 'string') return;
  const reason = `expected the id of a job, as enqueue answers it, got ${showValue(id)}`;
  throw new OptionsInvalid('cannot cancel', [{ path: 'id', reason }]);
}
