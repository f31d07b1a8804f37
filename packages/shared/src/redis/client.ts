import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * The Redis client. It is loaded with the first connection, because it takes longer to load than a
 * command that needs no Redis takes in all.
 */
export const loadClient = (): typeof import('ioredis') => load('ioredis');
