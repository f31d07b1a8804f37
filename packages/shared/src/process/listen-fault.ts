import type { Fault } from '../job/errors/bullpen-error.js';
import { reasonOf } from '../redis/redis-faults.js';

/**
 * Says why a server cannot listen, and what to do, by the options `port` and `host`.
 * @param error what `listen` failed with
 */
export function listenFault(host: string, port: number, error: unknown): Fault {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (code === 'EADDRINUSE')
    return { path: 'port', reason: `port ${port} of ${host} is in use by another process; choose another` };
  if (code === 'EACCES')
    return { path: 'port', reason: `this user may not listen on port ${port}; choose one above 1023` };
  if (code === 'EADDRNOTAVAIL') return { path: 'host', reason: `this machine does not have the address ${host}` };
  if (code === 'ENOTFOUND') return { path: 'host', reason: `there is no host ${host}` };
  return { path: 'host', reason: `cannot listen on ${host}, port ${port}: ${reasonOf(error)}` };
}
