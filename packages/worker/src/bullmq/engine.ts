import { createRequire } from 'node:module';

type Bullmq = typeof import('bullmq');

const load = createRequire(import.meta.url);
const classes = (file: string): Bullmq => load(`bullmq/dist/cjs/classes/${file}.js`);

/**
 * What a worker needs of BullMQ, of the version we pin, each from its own file: the whole package has
 * 72 files more. It is CommonJS: for an `import`, Node reads the text of each of its files to find
 * the names of its exports, which takes longer than to load them.
 */
export const bullmq = {
  Worker: classes('worker').Worker,
  Job: classes('job').Job,
  RedisQueueBackend: classes('redis-queue-backend').RedisQueueBackend,
  raw2NextJobData: classes('redis-queue-backend').raw2NextJobData,
  RedisConnection: classes('redis-connection').RedisConnection,
  QueueKeys: classes('queue-keys').QueueKeys,
  UnrecoverableError: classes('errors/unrecoverable-error').UnrecoverableError,
  defaultRepeatStrategy: classes('job-scheduler').defaultRepeatStrategy,
};
