import { type JobDefinition, OptionsInvalid, type PayloadInput } from '@bullpen/shared';
import { showValue } from '@bullpen/shared/internal';
import { type EnqueueOptions, parseEnqueueOptions } from './enqueue-options.js';

/**
 * Options of `enqueueMany`: those of `enqueue`, with a function that makes the key of each payload.
 */
export interface EnqueueManyOptions<J extends JobDefinition> extends Omit<EnqueueOptions, 'key'> {
  /** Makes the key of each payload, as in {@link EnqueueOptions.key}. Default: no keys. */
  readonly key?: (payload: PayloadInput<J>, index: number) => string;
  /**
   * Ends the wait for room on a full queue (`maxWaiting`). `enqueueMany` then throws `QueueFull`.
   */
  readonly signal?: AbortSignal;
}

/**
 * Checks the options of a call and turns them into numbers.
 * @throws OptionsInvalid with every fault
 */
export function parseEnqueueManyOptions<J extends JobDefinition>(job: J, options: EnqueueManyOptions<J>, now: number) {
  const { key, signal, ...same } = options;
  if (key !== undefined && typeof key !== 'function') {
    const reason = `expected a function that makes the key of each payload, got ${showValue(key)}`;
    throw new OptionsInvalid(`cannot enqueue ${job.name}`, [{ path: 'key', reason }]);
  }
  return { ...parseEnqueueOptions(job, same, now, 'enqueueMany'), key, signal };
}
