/**
 * Broken on purpose: a worker that ends at once when it is told to, says that all is well, and
 * leaves its jobs active. Without a stall check they would be lost; with it they are late, and
 * suspected. The checker must convict it. It uses `reallyExit`, as a worker notices code
 * that ends it by `exit`.
 */
const { reallyExit } = process as unknown as { reallyExit(code: number): never };
process.prependListener('SIGTERM', () => reallyExit(0));

export { handlers } from '../handlers.js';
