import { setTimeout as sleep } from 'node:timers/promises';
import { RedisUnavailable } from '@bullpen/shared';
import {
  explainRedis,
  forgetCommand,
  isConnectionLoss,
  reasonOf,
  refusesForNow,
  showDuration,
  tooOld,
} from '@bullpen/shared/internal';
import type { Deadline } from './deadlines.js';
import { isRefusal, type SharedConnection } from './shared-connection.js';

/** How {@link callRedis} behaves. */
interface RedisCallOptions {
  /** How long the whole call may take, in milliseconds, all its tries included. */
  readonly timeoutMs: number;
  /** Where Redis is, for messages. Without a password. */
  readonly address: string;
}

const PAUSE_MS = 50;

/**
 * Sends a command to Redis, again and again, until Redis answers or the time is up. `send` must be
 * safe to repeat. We repeat the command ourselves and do not let the client do it. So nothing is
 * sent after this call has ended: after `RedisUnavailable` the command cannot still take effect
 * from here.
 * @throws RedisUnavailable when Redis does not answer within `timeoutMs`, refuses us or is too old
 */
export async function callRedis<T>(
  connection: SharedConnection,
  { timeoutMs, address }: RedisCallOptions,
  send: () => Promise<T>,
): Promise<T> {
  const { redis } = connection;
  const deadline = connection.deadlines.begin(timeoutMs);
  let unanswered = false;
  let last: unknown;
  const giveUp = (why: string): RedisUnavailable => {
    const said = last === undefined ? undefined : reasonOf(last);
    // After a command that got no reply there is nothing to explain about the address.
    const reason = said === undefined && unanswered ? '' : `: ${explainRedis(said, address)}`;
    return new RedisUnavailable(`Redis at ${address} ${why}${reason}`, { cause: last, unanswered });
  };

  try {
    for (;;) {
      if (performance.now() >= deadline.at) throw giveUp(`was not available within ${showDuration(timeoutMs)}`);
      if (redis.status !== 'ready') {
        last = (await connection.untilReady(deadline)) ?? last;
        if (last !== undefined && isRefusal(last)) throw giveUp('refused us');
        continue;
      }
      const old = tooOld(redis.server, address, unanswered);
      if (old !== undefined) throw old;
      const { link } = connection;
      try {
        return await before(deadline, send());
      } catch (error) {
        if (error instanceof TimeIsUp) {
          unanswered = true;
          // The connection looks alive but does not answer. The next command would not be answered
          // either.
          connection.end(link);
          throw giveUp(`did not answer within ${showDuration(timeoutMs)}`);
        }
        forgetCommand(error);
        last = error;
        if (isRefusal(error)) throw giveUp('refused us');
        if (isConnectionLoss(error)) unanswered = true;
        else if (!refusesForNow(error)) throw error;
        await sleep(Math.min(PAUSE_MS, Math.max(0, deadline.at - performance.now())));
      }
    }
  } finally {
    connection.deadlines.end(deadline);
  }
}

/** The time of a call is up. */
class TimeIsUp extends Error {}

/** @throws TimeIsUp when the promise has not settled by then; else what the promise rejects with */
function before<T>(deadline: Deadline, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    deadline.onPassed = () => reject(new TimeIsUp());
    promise.then(resolve, reject);
  });
}
