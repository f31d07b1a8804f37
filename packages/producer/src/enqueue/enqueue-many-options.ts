import { type JobDefinition, OptionsInvalid, type PayloadInput } from '@bullpen/shared';
import { isOptions, type OptionTable, optionFaults, showValue } from '@bullpen/shared/internal';
import { ENQUEUE_OPTIONS, type EnqueueOptions, parseSharedOptions, signalFaults } from './enqueue-options.js';

/**
 * Options of `enqueueMany`: those of `enqueue`, with a function that makes the key of each payload.
 */
export interface EnqueueManyOptions<J extends JobDefinition> extends Omit<EnqueueOptions, 'key'> {
  /** Makes the key of each payload, as in {@link EnqueueOptions.key}. Default: no keys. */
  readonly key?: ((payload: PayloadInput<J>, index: number) => string) | undefined;
  /**
   * Ends the wait for room on a full queue (`maxWaiting`). `enqueueMany` then throws
   * `EnqueueStopped`, with a `QueueFull` as its `cause`.
   */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionTable<EnqueueManyOptions<JobDefinition>> = { ...ENQUEUE_OPTIONS, signal: true };

/**
 * Checks the options of a call and turns them into numbers.
 * @throws OptionsInvalid with every fault
 */
export function parseEnqueueManyOptions<J extends JobDefinition>(job: J, options: EnqueueManyOptions<J>) {
  const faults = optionFaults(options, OPTIONS, 'enqueueMany');
  const { key, signal, ...same } = isOptions(options) ? options : {};
  if (key !== undefined && typeof key !== 'function') {
    const reason = `expected a function that makes the key of each payload, got ${showValue(key)}`;
    faults.push({ path: 'key', reason });
  }
  faults.push(...signalFaults(signal));
  const parsed = parseSharedOptions(same, faults);
  if (faults.length > 0) throw new OptionsInvalid(`cannot enqueue ${job.name}`, faults);
  return { ...parsed, key, signal };
}
