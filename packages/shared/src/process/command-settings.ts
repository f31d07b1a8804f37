import { DEFAULT_EVENTS } from '../redis/events.js';
import { DEFAULT_PREFIX, prefixFault } from '../redis/keys.js';
import { redisAddressFault } from '../redis/redis-address.js';
import { LOG_LEVELS } from './log-levels.js';
import type { Settings } from './setting.js';
import { choiceSetting, eventsSetting, trimmedSetting } from './setting-schemas.js';

const LEVELS = 'trace, debug, info, warn, error, fatal or silent';

/** The settings that every Bullpen command has. */
export const commonSettings = {
  redis: {
    flag: '--redis <url>',
    env: 'REDIS_URL',
    schema: trimmedSetting(redisAddressFault),
    secret: true,
    file: {
      flag: '--redis-file <path>',
      env: 'REDIS_URL_FILE',
      help: 'the file that says where Redis is, in one line',
    },
    default: 'redis://127.0.0.1:6379',
    help: 'where Redis is: redis://, rediss://, redis+sentinel:// or redis+cluster://. Everybody on this machine can read a password given here, with ps: give it by the variable or by a file',
  },
  prefix: {
    flag: '--prefix <prefix>',
    env: 'BULLPEN_PREFIX',
    schema: trimmedSetting(prefixFault),
    default: DEFAULT_PREFIX,
    help: 'first part of every key',
  },
  logLevel: {
    flag: '--log-level <level>',
    env: 'BULLPEN_LOG_LEVEL',
    schema: choiceSetting(LOG_LEVELS, `expected ${LEVELS}`),
    default: 'info',
    help: LEVELS,
  },
} satisfies Settings;

/** The setting of the commands that attempt or enqueue. */
export const eventsSettings = {
  events: {
    flag: '--events <events>',
    env: 'BULLPEN_EVENTS',
    schema: eventsSetting,
    defaultHelp: `${DEFAULT_EVENTS}, or as other processes of the queue were told`,
    help: 'which events the queues tell to QueueEvents of BullMQ: all, ends or none, or by queue: mails:all,clicks:none',
  },
} satisfies Settings;
