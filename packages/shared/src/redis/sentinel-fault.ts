import type { Redis } from 'ioredis';

/**
 * Puts into words for a log what a sentinel said or did, from the client's message about it. The
 * reason comes first, as Redis itself would give it, so that our checks for such reasons find it.
 * @param master the name of the primary that the sentinels were asked for
 */
export function sentinelFault(message: string, master: string): string {
  const [, asked, reason] = /^failed to connect to sentinel (\S+) because (.*)$/s.exec(message) ?? [];
  const [, answered] = /^connected to sentinel (\S+) successfully, but got an invalid reply: null$/.exec(message) ?? [];
  if (answered !== undefined || reason?.startsWith('ERR No such master') === true)
    return `sentinel ${answered ?? asked} knows no primary '${master}'`;
  return asked === undefined ? message : `${reason} (sentinel ${asked})`;
}

/**
 * Puts the last fault of a sentinel into the client's errors. The client alone says only that no
 * sentinel could be reached, whatever they said. Call this before others listen: they read the
 * message that is written here.
 */
export function reportSentinelFaults(redis: Redis, master: string): void {
  let fault: string | undefined;
  redis.on('sentinelError', (error: Error) => {
    fault = sentinelFault(error.message, master);
  });
  redis.on('error', (error: Error) => {
    if (fault !== undefined && error.message.startsWith('All sentinels are unreachable')) error.message = fault;
  });
}
