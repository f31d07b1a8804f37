import { optional, type Settings, textSetting } from '@bullpen/shared/command';

/** `--queue` of `batches` and its commands. */
export const queueSetting = {
  queue: {
    flag: '--queue <name>',
    schema: optional(textSetting()),
    help: 'only this queue; needed where two queues have a batch of the same name',
  },
} satisfies Settings;
