/**
 * What a sentinel said or did, in words for a log, from what the client makes of it. The reason
 * comes first, as Redis itself would give it, so that it is recognised as one.
 * @param master what the sentinels were asked for
 */
export function sentinelFault(message: string, master: string): string {
  const [, asked, reason] = /^failed to connect to sentinel (\S+) because (.*)$/s.exec(message) ?? [];
  const [, answered] = /^connected to sentinel (\S+) successfully, but got an invalid reply: null$/.exec(message) ?? [];
  if (answered !== undefined || reason?.startsWith('ERR No such master') === true)
    return `sentinel ${answered ?? asked} knows no primary '${master}'`;
  return asked === undefined ? message : `${reason} (sentinel ${asked})`;
}
