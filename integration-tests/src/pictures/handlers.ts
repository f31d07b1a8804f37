import { setTimeout as sleep } from 'node:timers/promises';
import { handle, JobRejected } from '@bullpen/worker';
import { deliver, invoice, newsletter, SINGLES } from './jobs.js';

/** Among how many orders one ends in each way. */
const ONE_IN = { busy: 23, gone: 61, refused: 97, wrong: 149, bounced: 140 };

const numberOf = (orderId: string): number => Number(orderId.split('-')[1]);

/** They fail for the same orders in every run, as servers of other people would. */
export const handlers = [
  handle(deliver, async ({ order_id }, { attempt, signal }) => {
    const order = numberOf(order_id);
    await sleep(40 + ((order * 37) % 120), undefined, { signal });
    if (order % ONE_IN.gone === 0) throw new JobRejected('410 Gone: this endpoint was switched off');
    if (order % ONE_IN.refused === 0) throw new JobRejected(`401 Unauthorized: the signature of ${order} is not valid`);
    if (order % ONE_IN.wrong === 0) throw new JobRejected('422 Unprocessable Content: "quantity" must be a number');
    if (order % ONE_IN.busy === 0 && (attempt < 2 || order % 2 === 0)) {
      throw new Error(`503 Service Unavailable, after ${200 + (order % 700)} ms`);
    }
    return { status: 204 };
  }),
  handle(invoice, async ({ order_id }) => {
    if (numberOf(order_id) % ONE_IN.bounced === 0) throw new Error('550 5.1.1 mailbox unavailable');
    return { sent: order_id };
  }),
  handle(newsletter, (_, { signal }) => sleep(1_000, undefined, { signal })),
  ...SINGLES.map(({ job, ms, failsOneIn, why }) =>
    handle(job, async ({ number }, { signal }) => {
      await sleep(ms, undefined, { signal });
      if (number % failsOneIn === 0) throw new Error(why);
    }),
  ),
];
