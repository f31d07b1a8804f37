import {
  commonSettings,
  durationSetting,
  eventsSettings,
  optional,
  optionalDurationSetting,
  type Settings,
  settingSchema,
  switchSetting,
  textSetting,
} from '@bullpen/shared/command';
import { MAX_PRIORITY } from '../enqueue/max-priority.js';
import { DEFAULT_REDIS_TIMEOUT } from '../producer.js';

const { redis, prefix } = commonSettings;

/** The settings of every command of the producer, in the order of the help. */
export const globalSettings = {
  jobs: {
    flag: '--jobs <module>',
    env: 'BULLPEN_JOBS',
    schema: optional(textSetting()),
    help: 'ES module that exports job definitions',
  },
  redis,
  redisTimeout: {
    flag: '--redis-timeout <duration>',
    env: 'BULLPEN_REDIS_TIMEOUT',
    schema: durationSetting,
    default: DEFAULT_REDIS_TIMEOUT,
    help: 'how long Redis may be away before the command gives up',
  },
  prefix,
  ...eventsSettings,
  json: { flag: '--json', schema: switchSetting, help: 'print the result as one JSON line' },
} satisfies Settings;

/** When jobs start; settings of the commands that enqueue. */
export const startSettings = {
  delay: {
    flag: '--delay <duration>',
    schema: optionalDurationSetting,
    help: 'wait this long before the first attempt',
  },
  priority: {
    flag: '--priority <n>',
    // The library knows what to say of 0.
    schema: optional(
      settingSchema((value, refuse) =>
        /^-?\d+$/.test(String(value)) ? Number(value) : refuse(`expected a whole number from 1 to ${MAX_PRIORITY}`),
      ),
    ),
    help: '1 is first; the jobs of a queue either all have a priority, or none has',
  },
} satisfies Settings;
