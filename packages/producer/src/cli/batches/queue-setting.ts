import type { Settings } from '@bullpen/shared/internal';
import { z } from 'zod';

/** `--queue` of `batches` and its commands. */
export const queueSetting = {
  queue: {
    flag: '--queue <name>',
    schema: z.string().optional(),
    help: 'only this queue; needed where two queues have a batch of the same name',
  },
} satisfies Settings;
