import { type Settings, switchSetting } from '@bullpen/shared/command';
import { batchSettings } from '../batch-settings.js';

/** The settings of `batches repair`, in the order of the help. */
export const repairSettings = {
  settle: { flag: '--settle', schema: switchSetting, help: 'settle missing rows as failed; needs no source' },
  format: batchSettings.format,
} satisfies Settings;
