import type { Redis } from '@bullpen/shared/internal';
import { COMPLETE_KEYS, COMPLETE_ROWS } from '../bullmq/completion-script.js';
import { FINISH, FINISH_KEYS } from '../bullmq/finish-script.js';
import { FETCHED_BY, HAND_BACK } from './fetch-scripts.js';
import { PROGRESS, RENEW, REWRITE } from './lease-scripts.js';
import { OPEN_ROWS, SETTLE_ROWS, SPLIT_ROWS } from './row-scripts.js';

type Arg = string | number;

/** A connection that knows our scripts. */
export type ScriptedRedis = Redis & {
  bullpenRenew(...args: Arg[]): Promise<string>;
  bullpenFinish(args: unknown[]): Promise<unknown>;
  bullpenCompleteRows(args: unknown[]): Promise<unknown[]>;
  bullpenSettleRows(...args: Arg[]): Promise<string>;
  bullpenSplitRows(...args: Arg[]): Promise<0 | 1>;
  bullpenOpenRows(...args: Arg[]): Promise<number[]>;
  bullpenProgress(...args: Arg[]): Promise<0 | 1>;
  bullpenFetchedBy(...args: Arg[]): Promise<[id: string, token: string, fetches: string][]>;
  bullpenHandBack(...args: Arg[]): Promise<string[]>;
  bullpenRewrite(...args: Arg[]): Promise<0 | 1>;
};

/** Teaches a connection the worker's scripts; once per connection. */
export function defineScripts(redis: Redis): ScriptedRedis {
  redis.defineCommand('bullpenRenew', { numberOfKeys: 2, lua: RENEW });
  redis.defineCommand('bullpenProgress', { numberOfKeys: 4, lua: PROGRESS });
  redis.defineCommand('bullpenFetchedBy', { numberOfKeys: 1, lua: FETCHED_BY });
  redis.defineCommand('bullpenRewrite', { numberOfKeys: 2, lua: REWRITE });
  redis.defineCommand('bullpenFinish', { numberOfKeys: FINISH_KEYS, lua: FINISH });
  redis.defineCommand('bullpenCompleteRows', { numberOfKeys: COMPLETE_KEYS, lua: COMPLETE_ROWS });
  redis.defineCommand('bullpenSettleRows', { numberOfKeys: 1, lua: SETTLE_ROWS });
  redis.defineCommand('bullpenSplitRows', { numberOfKeys: 6, lua: SPLIT_ROWS });
  redis.defineCommand('bullpenOpenRows', { numberOfKeys: 1, lua: OPEN_ROWS });
  // Whole each time, not by its digest: a Redis that had forgotten the script would refuse our last
  // words, and nobody is here any more to say them again.
  const bullpenHandBack = (...args: Arg[]) => redis.eval(HAND_BACK, 7, ...args);
  return Object.assign(redis, { bullpenHandBack }) as ScriptedRedis;
}
