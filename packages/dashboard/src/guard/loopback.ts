import { isIP } from 'node:net';

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/**
 * Whether a `Host` header names this machine as itself. A page of another site can let its name
 * lead to this machine, and is then of one origin with us (DNS rebinding); the name stays its own.
 */
export function namesLoopback(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}/`)) return false;
  return isLoopback(new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, ''));
}
