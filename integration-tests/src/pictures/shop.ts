import { fileURLToPath } from 'node:url';
import { type BatchSource, openSource, type Producer } from '@bullpen/producer';
import { deliver, invoice, newsletter, SINGLES } from './jobs.js';

/** The demo's orders. */
const ORDERS = fileURLToPath(new URL('../../../examples/webhooks/data/orders.csv', import.meta.url));

/** The batch that the pictures show while it runs. */
export const BATCH = 'orders-2026-03';

/** Enqueues what a shop has to do on a Monday morning. */
export async function openShop(producer: Producer): Promise<void> {
  await producer.batches.run(invoice, { name: 'invoices-february', source: await orders('february.csv', 1_200) });
  await producer.batches.run(newsletter, { name: 'newsletter-draft', source: await orders('subscribers.csv', 800) });
  await producer.batches.cancel({ name: 'newsletter-draft', queue: newsletter.queue });
  await producer.batches.run(newsletter, { name: 'newsletter-spring', source: await orders('subscribers.csv', 4_000) });
  await producer.batches.run(invoice, { name: 'invoices-march', source: await orders('march.csv', 2_600) });
  await producer.batches.run(deliver, { name: BATCH, source: await orders('orders.csv', 5_000) });
  for (const { job, count } of SINGLES) {
    await producer.enqueueMany(
      job,
      Array.from({ length: count }, (_, at) => ({ number: at + 1 })),
    );
  }
}

/**
 * So many of the demo's orders, as the rows of a file of that name. Each has a secret that the
 * pictures show redacted.
 */
async function orders(name: string, count: number): Promise<BatchSource> {
  const source = await openSource(ORDERS, 'csv', process.stdin);
  async function* blocks(): BatchSource['blocks'] & AsyncGenerator {
    for await (const block of source.blocks) {
      const rows = block.filter(({ row }) => row <= count);
      yield rows.map((row) =>
        row.ok ? { ...row, value: { token: `tok_${row.row}`, ...(row.value as object) } } : row,
      );
      if (rows.length < block.length) break;
    }
    source.close();
  }
  return { blocks: blocks(), name, format: 'csv' };
}
