import type { Redis } from 'ioredis';
import { loadClient } from './client.js';

const PROTECTED = 'DENIED Redis is in protected mode';

/** Whether a server without a password refuses us because we are on another machine. */
export const isProtectedMode = (error: Error): boolean => error.message === PROTECTED;

/**
 * The refusal with which a server hangs up, as an error of the connection; `undefined` for every
 * other answer. The text about protected mode is long and says "no password is set", which the
 * client takes for "a password was given in vain" and writes onto the console.
 */
function hangupRefusal({ message }: Error): Error | undefined {
  const { ReplyError } = loadClient();
  if (message.startsWith('DENIED')) return new ReplyError(PROTECTED);
  return message.startsWith('ERR max number of clients') ? new ReplyError(message) : undefined;
}

/**
 * Makes a refusal with which the server hangs up an error of the connection: it is in protected
 * mode, or has as many clients as it may have. The client waits for more answers, finds the
 * connection closed, and says nothing of the reason.
 */
export function hearHangupRefusals(redis: Redis): void {
  const hello = redis.hello.bind(redis) as (...args: unknown[]) => Promise<unknown>;
  const hear = (...args: unknown[]): Promise<unknown> =>
    hello(...args).catch((error: Error) => {
      const refusal = hangupRefusal(error);
      if (refusal !== undefined && redis.listenerCount('error') > 0) redis.emit('error', refusal);
      throw refusal ?? error;
    });
  Object.assign(redis, { hello: hear });
}
