import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** One event of an order: one row of `data/orders.csv`. */
export const orderEvent = z.object({
  event_id: z.string().regex(/^evt_[0-9a-z]{16}$/, "expected 'evt_' and 16 letters or digits"),
  event_type: z.enum(['order.created', 'order.paid', 'order.shipped', 'order.refunded']),
  // A path and not a URL: the rows come from a file, and a file must not choose the host to which
  // our signed requests go.
  path: z.string().regex(/^(\/[a-z0-9-]+)+$/, "expected a path such as '/hooks/teahouse'"),
  order_id: z.string().min(1),
  customer: z.string().min(1),
  email: z.email(),
  product: z.string().min(1),
  // Every cell of a CSV is text.
  quantity: z.coerce.number().int().positive(),
  amount: z.coerce.number().nonnegative(),
  currency: z.string().regex(/^[A-Z]{3}$/, "expected a currency code such as 'EUR'"),
  created_at: z.iso.datetime(),
  note: z.string().optional(),
});

/** Sends one event to a shop's endpoint, with a signed POST. */
export const deliverWebhook = defineJob({
  name: 'webhook.deliver',
  queue: 'webhooks',
  payload: orderEvent,
  result: z.object({ status: z.number(), durationMs: z.number() }),
  // Long enough for a slow receiver: an event whose answer comes too late is sent again. And less
  // than the 25 s that a worker has to drain, so that a deploy interrupts no delivery.
  timeout: '20s',
  // In production a receiver may be down for a night: { delay: '5s', maxDelay: '8h' } and
  // maxAttempts: 15 retry for three days. The demo's receiver is back at once, and nobody wants to
  // watch an hour of backoff.
  maxAttempts: 6,
  backoff: { type: 'exponential', delay: '200ms', maxDelay: '5s' },
  // A receiver that answers "later" again and again spends no attempts. The expiry ends that.
  expiresIn: '3 days',
});
