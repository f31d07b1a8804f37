/**
 * Broken on purpose: a worker that ends at once when it is told to, says that all is well, and leaves its jobs active. Without a stall check they would
 * be lost; with one they are late and held to have crashed. The checker must convict it.
 */
process.prependListener('SIGTERM', () => process.exit(0));

export { handlers } from '../handlers.js';
