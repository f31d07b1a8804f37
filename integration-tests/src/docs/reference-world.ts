import { createProducer, type FailedRow, openSource } from '@bullpen/producer';
import { createLogger, defineJob, type Logger } from '@bullpen/shared';
import { handle, handleMany, startWorker } from '@bullpen/worker';
import { z } from 'zod';

// What the examples of the API reference use without making it.
export { default as assert } from 'node:assert/strict';
export { spawn } from 'node:child_process';
export { createWriteStream, readFileSync } from 'node:fs';
export { z } from 'zod';

export const redis = String(process.env['REDIS_URL']);
export const log: Logger = createLogger({ level: 'silent' });
export const sendInvoice = defineJob({
  name: 'invoice.send',
  payload: z.object({ invoice: z.string(), email: z.email() }),
  result: z.object({ messageId: z.string() }),
});
export const invoice = { invoice: 'inv_1042', email: 'ada@example.com' };
export const resize = defineJob({
  name: 'image.shrink',
  queue: 'images',
  payload: z.object({ url: z.url(), width: z.coerce.number() }),
});
export const url = 'https://images.example.com/1.jpg';
export const mailer = { send: async (_to: string, _: { signal: AbortSignal }) => ({ messageId: 'm_17' }) };
export const db = { insertMany: async (_rows: readonly object[], _: { signal: AbortSignal }) => undefined };
export const invoices = handle(sendInvoice, (_, { signal }) => {
  signal.throwIfAborted();
  return { messageId: 'm_17' };
});
export const storeInvoices = handleMany(sendInvoice, () => undefined);
export const handlers = [invoices, handle(resize, () => undefined)];

export const producer = createProducer({ redis });
export const worker = startWorker({ handlers, redis, logger: log });
for (const batch of [{ name: 'march', keyField: 'url' }, { name: 'april' }])
  await producer.batches.run(resize, { ...batch, source: await openSource('rows.csv', undefined, process.stdin) });

export const error: unknown = new Error('something else');
export const signal: AbortSignal = new AbortController().signal;
export const opensAt = new Date(0);
export const response = { status: 200, statusCode: 200 };
export const failed: Pick<FailedRow, 'error'> = { error: { name: 'Error', message: 'something else' } };
