import { isIP } from 'node:net';

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/**
 * Whether a `Host` header names the loopback. A page of another site can make its own host name
 * resolve to this machine and so share our origin (DNS rebinding), but its name stays visible here.
 */
export function namesLoopback(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}/`)) return false;
  return isLoopback(new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, ''));
}
