import { Queue } from 'bullmq';

/** The shortest program that adds one job with BullMQ: `bullmq-add.js <redis>`. */
const queue = new Queue('start', { connection: { url: process.argv[2] ?? '' } });
await queue.add('bench.start', { id: 1 });
await queue.close();
