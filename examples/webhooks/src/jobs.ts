import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** What happened to an order, as the columns of `data/orders.csv` say it. */
export const orderEvent = z.object({
  event_id: z.string().regex(/^evt_[0-9a-z]{16}$/, "expected 'evt_' and 16 letters or digits"),
  event_type: z.enum(['order.created', 'order.paid', 'order.shipped', 'order.refunded']),
  // A path and not a URL: rows come from a file, and a file must not choose the host that our
  // signed requests go to.
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

/** Tells a shop's endpoint, with a signed POST, what happened to one order. */
export const deliverWebhook = defineJob({
  name: 'webhook.deliver',
  queue: 'webhooks',
  payload: orderEvent,
  result: z.object({ status: z.number(), durationMs: z.number() }),
  // A receiver should take the event down and answer. What it took and could not say in time comes
  // to it again, so there is time for a machine out of breath; and less than a worker's 25 s to
  // drain, so that a deploy interrupts no delivery.
  timeout: '20s',
  // In production a receiver may be down for a night: { delay: '5s', maxDelay: '8h' } and
  // maxAttempts: 15 go on for three days. The demo's receiver is back at once, and nobody wants to
  // watch an hour of backoff.
  maxAttempts: 6,
  backoff: { type: 'exponential', delay: '200ms', maxDelay: '5s' },
  // A receiver that says "later" again and again spends no attempts; this is where that ends.
  expiresIn: '3 days',
});
