import type { DevRedisWay } from './dev-redis.js';

/** One way that was tried, and why it gave no Redis. */
export interface FailedWay {
  readonly way: DevRedisWay;
  readonly reason: string;
}

/** No way led to a Redis. The message lists each of them and says what to do on this machine. */
export class DevRedisUnavailable extends Error {
  override readonly name = 'DevRedisUnavailable';
  readonly code = 'BULLPEN_DEV_REDIS_UNAVAILABLE';
  /** What was tried, in order. */
  readonly tried: readonly FailedWay[];
  /** What to do about it on this machine. */
  readonly advice: string;

  constructor(tried: readonly FailedWay[], advice: string) {
    const lines = tried.map(({ way, reason }) => `  ${way.padEnd(6)}  ${reason}`);
    super(['No Redis could be started.', ...lines, advice].join('\n'));
    this.tried = tried;
    this.advice = advice;
  }
}

/**
 * The short form of what was thrown: the first line of its message, or its code when the message is
 * empty.
 */
export function briefly(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [firstLine = ''] = error.message.trim().split('\n');
  // Node joins the failures of several addresses in an AggregateError with an empty message.
  return firstLine || ('code' in error ? String(error.code) : error.name);
}
