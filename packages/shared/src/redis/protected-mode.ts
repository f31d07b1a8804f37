import { type Redis, ReplyError } from 'ioredis';

const REFUSAL = 'DENIED Redis is in protected mode';

/** Whether a server without a password refuses us because we are on another machine. */
export const isProtectedMode = (error: Error): boolean => error.message === REFUSAL;

/**
 * Makes a refusal in protected mode an error of the connection. Its long text says "no password is
 * set", which the client takes for "a password was given in vain": it would write that onto the
 * console at each connection. And the server hangs up so soon that nobody would hear of the reason.
 */
export function hearProtectedMode(redis: Redis): void {
  const hello = redis.hello.bind(redis) as (...args: unknown[]) => Promise<unknown>;
  const hear = (...args: unknown[]): Promise<unknown> =>
    hello(...args).catch((error: Error) => {
      if (!error.message.startsWith('DENIED')) throw error;
      const refusal = new ReplyError(REFUSAL);
      if (redis.listenerCount('error') > 0) redis.emit('error', refusal);
      throw refusal;
    });
  Object.assign(redis, { hello: hear });
}
