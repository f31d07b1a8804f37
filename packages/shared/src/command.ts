/**
 * The front door for the commands of sister packages: flags, settings, help and exit codes. It loads
 * neither the Redis client nor anything else that `--help` does not need.
 */

export { showDuration } from './job/duration.js';
export { MAX_ROWS_PER_JOB } from './job/row-id.js';
export { type Guides, guideCommand } from './process/command-guide.js';
export { commonSettings, eventsSettings } from './process/command-settings.js';
export { type Config, readConfig } from './process/config.js';
export { EXIT, type ExitCode, exitCodeOf, reportFailure } from './process/exit-code.js';
export { addFlags, inFlags } from './process/flags.js';
export type { Settings } from './process/setting.js';
export {
  choiceSetting,
  countSetting,
  durationFrom,
  durationSetting,
  optional,
  optionalDateSetting,
  optionalDurationFrom,
  optionalDurationSetting,
  portSetting,
  settingSchema,
  switchSetting,
  textSetting,
} from './process/setting-schemas.js';
