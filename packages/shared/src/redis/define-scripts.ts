import type { Redis } from './redis.js';

/** An argument of a script. */
export type ScriptArg = string | number | Buffer;

/** A Lua script, and how many of its arguments are keys. */
export interface Script {
  readonly keys: number;
  readonly lua: string;
  /**
   * Sends the whole text with each call. Otherwise a call sends the digest of the script, and the
   * client sends the text when Redis does not know the digest: a second trip, which a process that
   * ends does not live to make.
   */
  readonly sentWhole?: true;
}

/**
 * Teaches a connection scripts of ours; once per connection.
 * @returns the same connection, which now has a method for each script; it takes the keys, then the
 *   arguments
 * @example
 * interface Commands {
 *   bullpenRenew(...args: ScriptArg[]): Promise<string>;
 * }
 * const scripted = defineScripts<Commands>(redis, { bullpenRenew: { keys: 2, lua: RENEW } });
 * await scripted.bullpenRenew(active, stalled, base, leaseMs);
 */
export function defineScripts<Commands extends object>(
  redis: Redis,
  scripts: { readonly [Name in keyof Commands]: Script },
): Redis & Commands {
  for (const [name, { keys, lua, sentWhole }] of Object.entries<Script>(scripts)) {
    if (sentWhole) Object.assign(redis, { [name]: (...args: ScriptArg[]) => redis.eval(lua, keys, ...args) });
    else redis.defineCommand(name, { numberOfKeys: keys, lua });
  }
  return redis as Redis & Commands;
}
