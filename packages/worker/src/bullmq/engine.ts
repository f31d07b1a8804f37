import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * BullMQ. It is CommonJS: for an `import`, Node reads the text of each of its files to find the
 * names of its exports, which takes longer than to load them.
 */
export const bullmq: typeof import('bullmq') = load('bullmq');
