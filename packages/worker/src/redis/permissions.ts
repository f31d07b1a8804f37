import type { Script } from '@bullpen/shared/internal';
import type { ScriptedRedis } from './commands.js';

/**
 * Which commands this user may not run on a key. Asks Redis, and runs none of them. KEYS: the key.
 * ARGV: names of commands.
 *
 * Redis looks for keys among as many arguments as a command has at least, so each gets that many.
 * Where the user may not ask how many that are, nothing is found.
 */
export const DENIED = `
local denied = {}
for _, name in ipairs(ARGV) do
  local known = redis.pcall('COMMAND', 'INFO', name)
  if not known.err and known[1] then
    local call = { name }
    for _ = 2, math.abs(known[1][2]) do call[#call + 1] = KEYS[1] end
    if not redis.acl_check_cmd(unpack(call)) then denied[#denied + 1] = name end
  end
end
return denied`;

/** A command in the text of a script. */
const SENT = /call\(\s*['"]([a-z_]+)['"]/gi;

/** What a worker sends outside scripts. */
const PLAIN = [
  ...[
    'bzpopmin',
    'hgetall',
    'hmget',
    'lindex',
    'llen',
    'ping',
    'zadd',
    'zcard',
    'zcount',
    'zrange',
    'zrangebyscore',
    'zscore',
  ],
];

/** The commands that a worker with these scripts sends. */
export function commandsOf(scripts: readonly Pick<Script, 'lua'>[]): readonly string[] {
  const sent = scripts.flatMap(({ lua }) => [...lua.matchAll(SENT)].map(([, name = '']) => name.toLowerCase()));
  // A script asks for these two itself, and they take no key of ours.
  return [...new Set([...PLAIN, ...sent])].filter((name) => name !== 'command' && name !== 'publish').sort();
}

/** How many commands a message names. */
const NAMED = 5;

/**
 * Asks for the permissions that a worker needs: at its start, because one that is missing would
 * otherwise be found by the first job that needs it, and after a refusal.
 * @param key a key of a queue
 * @returns which commands the user may not run, and what to do; `undefined` when none is missing
 * @throws what Redis throws
 */
export async function findDenied(
  redis: Pick<ScriptedRedis, 'bullpenDenied'>,
  key: string,
  commands: readonly string[],
): Promise<string | undefined> {
  const denied = await redis.bullpenDenied(key, ...commands);
  if (denied.length === 0) return undefined;
  const names = denied.slice(0, NAMED).join(', ');
  const rest = denied.length > NAMED ? ` and ${denied.length - NAMED} more commands` : '';
  const grant = denied.length > NAMED ? '+@all -@dangerous' : denied.map((name) => `+${name}`).join(' ');
  return `NOPERM: the user may not run ${names}${rest} on '${key}' (allow it: ACL SETUSER <user> ${grant})`;
}
