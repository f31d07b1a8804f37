import type { DevRedisWay } from './dev-redis.js';

/** A way that was tried, and the reason why it gave no Redis. */
export interface FailedWay {
  /** The way. */
  readonly way: DevRedisWay;
  /** Why it gave no Redis, in words. */
  readonly reason: string;
}

/**
 * No way led to a Redis. The message lists each way and says what to do on this machine.
 * @example
 * const redis = await startDevRedis().catch((error) => {
 *   if (error instanceof DevRedisUnavailable) console.error(error.advice); // apt-get install …
 *   throw error;
 * });
 */
export class DevRedisUnavailable extends Error {
  /** The name of this class. */
  override readonly name = 'DevRedisUnavailable';
  /** Stable across releases. The message is not. */
  readonly code = 'BULLPEN_DEV_REDIS_UNAVAILABLE';
  /** The ways that were tried, in order. */
  readonly tried: readonly FailedWay[];
  /** How to get a Redis on this machine. */
  readonly advice: string;

  constructor(tried: readonly FailedWay[], advice: string) {
    const lines = tried.map(({ way, reason }) => `  ${way.padEnd(6)}  ${reason}`);
    super(['No Redis could be started.', ...lines, advice].join('\n'));
    this.tried = tried;
    this.advice = advice;
  }
}

/** Describes a thrown value briefly: the first line of its message, or else its code. */
export function briefly(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [firstLine = ''] = error.message.trim().split('\n');
  // Redis' own words about it are about its protocol.
  if (firstLine.startsWith('NOAUTH')) return 'it wants a password, :<password>@ before the host';
  if (/^Unknown RESP type|^Protocol error, got/.test(firstLine)) return 'what answers there is no Redis';
  // Node's AggregateError for several addresses has an empty message.
  return firstLine || ('code' in error ? String(error.code) : error.name);
}
