import type { Callback, Redis } from 'ioredis';
import { hearHangupRefusals } from './hangup-refusals.js';
import { isForbidden } from './redis-faults.js';
import { type RedisServer, readServer } from './redis-server.js';

type InfoArgs = (string | Buffer | Callback<string>)[];

/** A client that knows its server. */
export type KnowingRedis = Redis & {
  /** What the server said last; nothing when our user may not ask it. */
  server: RedisServer;
};

/**
 * Makes a client remember what its server says of itself. The client sends `INFO` whenever it
 * connects, to find out whether Redis still loads its data, so this costs no command.
 *
 * Where our user may not use `INFO`, it gets an empty text. The client would write a warning onto
 * the console, at each connection, and connect all the same.
 */
export function rememberServer(redis: Redis): KnowingRedis {
  hearHangupRefusals(redis);
  const ask = redis.info.bind(redis);
  const knowing = Object.assign(redis, {
    server: readServer(''),
    info(...args: InfoArgs): Promise<string> {
      const [callback, ...more] = args;
      // The client asks for everything, with a callback. Whoever asks for a section gets it.
      if (typeof callback !== 'function' || more.length > 0) return ask(...(args as []));
      const answer = ask().catch((error: Error) => {
        if (isForbidden(error)) return '';
        throw error;
      });
      answer.then(
        (text) => {
          knowing.server = readServer(text);
          callback(null, text);
        },
        (error: Error) => callback(error),
      );
      return answer;
    },
  });
  return knowing as KnowingRedis;
}
