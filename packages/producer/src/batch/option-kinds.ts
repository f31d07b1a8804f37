import type { Fault } from '@bullpen/shared';
import { showValue } from '@bullpen/shared/internal';
import { signalFaults } from '../enqueue/enqueue-options.js';
import { FORMATS } from '../source/format.js';

/**
 * The fault of the source of a batch; an empty list without one. Its books would be begun before it
 * is read.
 */
export function sourceFaults(source: unknown): Fault[] {
  const { blocks, name, format } = (source ?? {}) as { blocks?: unknown; name?: unknown; format?: unknown };
  const isStream = typeof blocks === 'object' && blocks !== null && Symbol.asyncIterator in blocks;
  if (isStream && typeof name === 'string' && FORMATS.some((each) => each === format)) return [];
  const got = isStream ? 'one without a name or a known format' : showValue(source);
  return [{ path: 'source', reason: `expected what openSource returns, got ${got}` }];
}

/** The faults of options that only have to be of a kind. */
export function kindFaults(options: Readonly<Record<string, unknown>>): Fault[] {
  const { keyField, signal } = options;
  const faults = signalFaults(signal);
  const expect = (kind: 'boolean' | 'function', ...names: string[]): void => {
    for (const path of names) {
      const value = options[path];
      if (value === undefined || typeof value === kind) continue;
      const wanted = kind === 'boolean' ? 'true or false' : 'a function';
      faults.push({ path, reason: `expected ${wanted}, got ${showValue(value)}` });
    }
  };
  if (keyField !== undefined && (typeof keyField !== 'string' || keyField === '')) {
    faults.push({ path: 'keyField', reason: `expected the name of a field, got ${showValue(keyField)}` });
  }
  expect('boolean', 'results', 'dryRun', 'repeatRejected');
  expect('function', 'onRejected', 'onProgress', 'onFull');
  return faults;
}
