import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** The work of a shop that does not exist. */
const order = z.looseObject({ order_id: z.string(), path: z.string() });
const often = { maxAttempts: 3, backoff: { type: 'fixed', delay: '6s' } } as const;

export const deliver = defineJob({
  name: 'webhook.deliver',
  queue: 'webhooks',
  payload: order,
  timeout: '5s',
  ...often,
});
export const invoice = defineJob({ name: 'invoice.send', queue: 'invoices', payload: order, maxAttempts: 1 });
export const newsletter = defineJob({ name: 'newsletter.send', queue: 'newsletter', payload: order });
export const thumbnail = defineJob({
  name: 'thumbnail.make',
  queue: 'thumbnails',
  payload: z.object({ image: z.url() }),
});
