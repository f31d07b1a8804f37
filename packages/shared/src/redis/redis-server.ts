import { RedisUnavailable } from '../job/errors/call-errors.js';

/** What we know of a Redis server. Each is `undefined` when the server does not say it. */
export interface RedisServer {
  readonly version: string | undefined;
  readonly evictionPolicy: string | undefined;
}

/** The oldest Redis that reads the headers of our scripts. Valkey counts as 7.2. */
const OLDEST = [7, 0] as const;

/** Reads the answer to `INFO`. */
export function readServer(info: string): RedisServer {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.+?)\\r?$`, 'm').exec(info)?.[1];
  return { version: field('redis_version'), evictionPolicy: field('maxmemory_policy') };
}

/**
 * The error for a server that is too old; `undefined` for others.
 * @param address where it is, without a password
 * @param unanswered whether a command was sent before that was never answered
 */
export function tooOld(
  { version = '' }: RedisServer,
  address: string,
  unanswered = false,
): RedisUnavailable | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return undefined;
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  if (!isOld) return undefined;
  const needed = `Bullpen needs Redis ${OLDEST.join('.')} or newer, or Valkey`;
  const message = `Redis at ${address} cannot be used: it is Redis ${version}, and ${needed}`;
  return new RedisUnavailable(message, { unanswered });
}

/** Says that a server may delete jobs, or returns `undefined`. */
export function mayEvict({ evictionPolicy = 'noeviction' }: RedisServer): string | undefined {
  if (evictionPolicy === 'noeviction') return undefined;
  return `Redis may delete jobs when its memory is full: its maxmemory-policy is ${evictionPolicy}; set it to noeviction`;
}
