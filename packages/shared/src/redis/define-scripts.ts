import type { Redis } from './redis.js';

/** An argument of a script. */
export type ScriptArg = string | number | Buffer;

/**
 * What a script does to Redis' memory, and so whether a Redis that is full carries it out:
 * - `adds`: it adds jobs. A full Redis refuses it as a whole, before it has done anything.
 * - `frees`: the jobs that are there need it to get done. A full Redis carries it out.
 * - `reads`: it writes nothing. A replica carries it out, too.
 */
export type ScriptEffect = 'adds' | 'frees' | 'reads';

/** A Lua script, and how many of its arguments are keys. */
export interface Script {
  readonly keys: number;
  readonly lua: string;
  readonly effect: ScriptEffect;
  /**
   * Sends the whole text with each call. Otherwise a call sends the digest of the script, and the
   * client sends the text when Redis does not know the digest: a second trip, which a process that
   * ends does not live to make.
   */
  readonly sentWhole?: true;
}

const HEADERS: Readonly<Record<ScriptEffect, string>> = {
  adds: '#!lua',
  frees: '#!lua flags=allow-oom',
  reads: '#!lua flags=no-writes',
};

/**
 * Writes the header that tells Redis what a script does. A script without a header is worse than
 * any of the three: a full Redis carries it out if its first write frees memory, and stops it in
 * the middle if it writes first what needs memory.
 */
export const withHeader = (effect: ScriptEffect, lua: string): string => `${HEADERS[effect]}\n${lua}`;

/**
 * Teaches a connection scripts of ours; once per connection.
 * @returns the same connection, which now has a method for each script; it takes the keys, then the
 *   arguments
 * @example
 * interface Commands {
 *   bullpenRenew(...args: ScriptArg[]): Promise<string>;
 * }
 * const scripted = defineScripts<Commands>(redis, {
 *   bullpenRenew: { keys: 2, lua: RENEW, effect: 'frees' },
 * });
 * await scripted.bullpenRenew(active, stalled, base, leaseMs);
 */
export function defineScripts<Commands extends object>(
  redis: Redis,
  scripts: { readonly [Name in keyof Commands]: Script },
): Redis & Commands {
  for (const [name, { keys, effect, sentWhole, ...script }] of Object.entries<Script>(scripts)) {
    const lua = withHeader(effect, script.lua);
    if (sentWhole) Object.assign(redis, { [name]: (...args: ScriptArg[]) => redis.eval(lua, keys, ...args) });
    else redis.defineCommand(name, { numberOfKeys: keys, lua });
  }
  return redis as Redis & Commands;
}
