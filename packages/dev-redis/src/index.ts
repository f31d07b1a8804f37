/**
 * A private, real Redis for a demo or a test run.
 * @packageDocumentation
 */

export type { DevRedis, DevRedisOptions, DevRedisWay } from './dev-redis.js';
export { DevRedisUnavailable, type FailedWay } from './errors.js';
export { findRedisProgram } from './find-program.js';
export type { RedisProgram } from './redis-program.js';
export { startDevRedis } from './start.js';
