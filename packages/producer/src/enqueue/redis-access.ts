import type { JobDefinition } from '@bullpen/shared';
import type { Redis } from '@bullpen/shared/internal';
import type { BatchPart, Inserted, JobRow, Terms } from './insert.js';

/** How the parts of a producer reach Redis: every call is one trip with its own time limit. */
export interface RedisAccess {
  readonly prefix: string;
  readonly ask: <T>(command: (redis: Redis) => Promise<T>) => Promise<T>;
  readonly insert: (job: JobDefinition, rows: readonly JobRow[], terms: Terms, part: BatchPart) => Promise<Inserted>;
}

/** Redis access for those who insert nothing. */
export type RedisReading = Pick<RedisAccess, 'prefix' | 'ask'>;
