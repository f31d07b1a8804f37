import { BatchConflict, type Fault, OptionsInvalid } from '@bullpen/shared';
import { batchSettings } from './batch-settings.js';
import { queueSetting } from './batches/queue-setting.js';
import { enqueueSettings } from './enqueue.js';

const FLAGS: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ ...enqueueSettings, ...batchSettings, ...queueSetting }).map(
    ([option, { flag }]) => [option, flag] as const,
  ),
  // The one that a command has in other words.
  ['expiresAt', enqueueSettings.expiresIn.flag],
]);

/**
 * An error of the library in the words of the command line: it names options as a program gives
 * them, and who typed flags is to read flags.
 */
export function inFlags(error: unknown): unknown {
  if (error instanceof OptionsInvalid) return new OptionsInvalid(error.subject, error.faults.map(byFlag));
  if (error instanceof BatchConflict) return new BatchConflict(error.subject, error.faults.map(byFlag));
  return error;
}

const byFlag = ({ path, reason }: Fault): Fault => ({ path: FLAGS.get(path) ?? path, reason });
