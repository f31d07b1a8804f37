/**
 * How many jobs go in one call at most. Half of what this worker does at once, so that Redis works
 * on one half while we work on the other. At most 50, so that others do not wait for Redis.
 */
export const jobsPerCall = (concurrency: number): number => Math.min(50, Math.ceil(concurrency / 2));
