import type { JobDefinition } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import type { BatchPart, ChunkOptions, JobRow } from './chunk.js';
import type { RowsReply } from './insert-reply.js';
import type { JobsRedis, ProducerRedis } from './producer-redis.js';

/** How the parts of a producer reach Redis. Each call is one trip with its own time limit. */
export interface RedisAccess<R extends Redis = ProducerRedis> {
  readonly prefix: string;
  readonly ask: <T>(command: (redis: R) => Promise<T>) => Promise<T>;
}

/** Access to Redis that inserts jobs into queues. */
export interface QueueAccess<R extends JobsRedis = JobsRedis> {
  readonly prefix: string;
  readonly insertInto: <T>(queue: string, command: (redis: R) => Promise<T>) => Promise<T>;
}

/** Access to Redis that also inserts rows of a batch. */
export interface InsertAccess extends RedisAccess {
  readonly insert: (
    job: JobDefinition,
    rows: readonly JobRow[],
    options: ChunkOptions,
    part: BatchPart,
  ) => Promise<RowsReply>;
}
