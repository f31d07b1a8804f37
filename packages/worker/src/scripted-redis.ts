import type { Redis } from '@bullpen/shared';
import { FETCHED_BY, GIVE_BACK } from './fetch-scripts.js';
import { NOTE, PROGRESS, RENEW, REWRITE } from './lease-scripts.js';

type Arg = string | number;

/** A connection that knows our scripts. */
export type ScriptedRedis = Redis & {
  bullpenRenew(...args: Arg[]): Promise<string>;
  bullpenNote(...args: Arg[]): Promise<0 | 1>;
  bullpenProgress(...args: Arg[]): Promise<0 | 1>;
  bullpenFetchedBy(...args: Arg[]): Promise<[id: string, token: string, fetches: string][]>;
  bullpenGiveBack(...args: Arg[]): Promise<string[]>;
  bullpenRewrite(...args: Arg[]): Promise<0 | 1>;
};

/** Teaches a connection the worker's scripts; once per connection. */
export function defineScripts(redis: Redis): ScriptedRedis {
  redis.defineCommand('bullpenRenew', { numberOfKeys: 2, lua: RENEW });
  redis.defineCommand('bullpenProgress', { numberOfKeys: 4, lua: PROGRESS });
  redis.defineCommand('bullpenFetchedBy', { numberOfKeys: 1, lua: FETCHED_BY });
  redis.defineCommand('bullpenRewrite', { numberOfKeys: 2, lua: REWRITE });
  // Whole each time, not by its digest. A Redis that had forgotten the script would refuse it, carry out the record sent behind it, and the notes would come too late …
  const bullpenNote = (...args: Arg[]) => redis.eval(NOTE, 4, ...args);
  // … or these would be our last words, and nobody here any more to say them again.
  const bullpenGiveBack = (...args: Arg[]) => redis.eval(GIVE_BACK, 7, ...args);
  return Object.assign(redis, { bullpenNote, bullpenGiveBack }) as ScriptedRedis;
}
