import { z } from 'zod';

/** Which queue, where two have a batch by the same name; of the list, which batches. */
export const queueSetting = { queue: { flag: '--queue', schema: z.string().optional() } };
