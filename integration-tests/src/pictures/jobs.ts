import { defineJob } from '@bullpen/shared';
import { z } from 'zod';

/** The work of a shop that does not exist. An order is a row of the demo's file. */
const order = z.looseObject({ order_id: z.string() });
const again = { maxAttempts: 3, backoff: { type: 'fixed', delay: '6s' } } as const;

export const deliver = defineJob({ name: 'webhook.deliver', queue: 'webhooks', payload: order, ...again });
export const invoice = defineJob({ name: 'invoice.send', queue: 'invoices', payload: order, maxAttempts: 1 });
export const newsletter = defineJob({ name: 'newsletter.send', queue: 'newsletter', payload: order });

const single = (name: string, queue: string) =>
  defineJob({ name, queue, payload: z.object({ number: z.int() }), maxAttempts: 1 });

/**
 * Jobs that are enqueued one at a time: how many, how long each takes, and among how many one
 * fails.
 */
export const SINGLES = [
  { job: single('payment.capture', 'payments'), count: 420, ms: 900, failsOneIn: 31, why: 'card declined' },
  { job: single('thumbnail.make', 'thumbnails'), count: 400, ms: 1_200, failsOneIn: 97, why: 'not an image' },
  { job: single('search.index', 'search'), count: 320, ms: 60, failsOneIn: 1_000, why: 'index is read-only' },
  { job: single('report.render', 'reports'), count: 44, ms: 9_000, failsOneIn: 11, why: 'no orders in this month' },
  { job: single('stock.sync', 'stock'), count: 260, ms: 700, failsOneIn: 53, why: 'the warehouse does not answer' },
  { job: single('refund.settle', 'refunds'), count: 40, ms: 120, failsOneIn: 1_000, why: 'refund is not known' },
] as const;
