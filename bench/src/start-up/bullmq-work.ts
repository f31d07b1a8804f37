import { Worker } from 'bullmq';

/** The shortest program that works with BullMQ; it says when it is ready: `bullmq-work.js <redis>`. */
const worker = new Worker('start', async () => undefined, { connection: { url: process.argv[2] ?? '' } });
worker.on('error', () => undefined);
await worker.waitUntilReady();
process.stdout.write('worker ready\n');
