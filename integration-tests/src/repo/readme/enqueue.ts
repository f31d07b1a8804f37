import { createProducer } from '@bullpen/producer';
import { sendInvoice } from './jobs.js';

const producer = createProducer({ redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
const invoice = { invoice: 'inv_1042', email: 'ada@example.com' };
const { status, id } = await producer.enqueue(sendInvoice, invoice, { key: 'inv_1042' });
console.log(status, id); // the first time: added k-inv_1042-…; after that: duplicate, and the same id
await producer.close();
