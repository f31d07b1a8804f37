import type { Settings } from '@bullpen/shared/command';
import { batchSettings } from './batch-settings.js';
import { queueSetting } from './batches/queue-setting.js';
import { enqueueSettings } from './enqueue-settings.js';
import { globalSettings } from './settings.js';

/** The flags of the library's options, by the names of the options: for `inFlags`. */
export const optionFlags: Settings = {
  ...globalSettings,
  ...enqueueSettings,
  ...batchSettings,
  ...queueSetting,
};
