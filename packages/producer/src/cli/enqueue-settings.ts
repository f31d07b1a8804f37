import {
  optional,
  optionalDateSetting,
  optionalDurationSetting,
  type Settings,
  textSetting,
} from '@bullpen/shared/command';
import { startSettings } from './settings.js';

/** The settings of `enqueue`, in the order of the help. */
export const enqueueSettings = {
  data: {
    flag: '--data <json>',
    schema: textSetting(undefined, 'give the payload as JSON, or - to read it from the standard input'),
    help: 'the payload; - reads the standard input',
  },
  key: {
    flag: '--key <key>',
    schema: optional(textSetting()),
    help: 'your own name for the job; the same key is not added twice',
  },
  ...startSettings,
  at: {
    flag: '--at <time>',
    schema: optionalDateSetting,
    help: 'when the first attempt is due, instead of --delay: 2026-12-01T09:00:00Z',
  },
  expiresIn: {
    flag: '--expires-in <duration>',
    schema: optionalDurationSetting,
    help: 'do not start the job any more when it has been due for this long',
    defaultHelp: 'as the job says',
  },
  expiresAt: {
    flag: '--expires-at <time>',
    schema: optionalDateSetting,
    help: 'do not start the job any more after this time, instead of --expires-in',
  },
} satisfies Settings;
