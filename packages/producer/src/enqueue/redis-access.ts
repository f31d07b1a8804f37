import type { JobDefinition } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import type { BatchPart, ChunkOptions, JobRow } from './chunk.js';
import type { InsertReply } from './insert-reply.js';

/** How the parts of a producer reach Redis. Each call is one trip with a time limit of its own. */
export interface RedisAccess {
  readonly prefix: string;
  readonly ask: <T>(command: (redis: Redis) => Promise<T>) => Promise<T>;
}

/** Access to Redis for those who insert rows of a batch as well. */
export interface InsertAccess extends RedisAccess {
  readonly insert: (
    job: JobDefinition,
    rows: readonly JobRow[],
    options: ChunkOptions,
    part: BatchPart,
  ) => Promise<InsertReply>;
}
