import { setTimeout as sleep } from 'node:timers/promises';
import { RedisUnavailable } from '@bullpen/shared';
import {
  explainRedis,
  forgetCommand,
  isConnectionLoss,
  type Redis,
  reasonOf,
  refusesForNow,
  refusesUs,
  showDuration,
  TimeIsUp,
  tooOld,
  withTimeout,
} from '@bullpen/shared/internal';

/** How {@link callRedis} behaves. */
interface RedisCallOptions {
  /** How long the whole call may take, in milliseconds, all its tries included. */
  readonly timeoutMs: number;
  /** Where Redis is, for messages. Without a password. */
  readonly address: string;
}

const PAUSE_MS = 50;

const NO_SUCH_DATABASE = /^ERR (DB index is out of range|invalid DB index)/;

/** Whether Redis refuses us for a reason that does not go away by waiting. */
const isRefusal = (error: unknown): boolean => refusesUs(error) || NO_SUCH_DATABASE.test(reasonOf(error));

/**
 * Sends a command to Redis, again and again, until Redis answers or the time is up. `send` must be
 * safe to repeat. We repeat the command ourselves and do not let the client do it. So nothing is
 * sent after this call has ended: after `RedisUnavailable` the command cannot still take effect
 * from here.
 * @throws RedisUnavailable when Redis does not answer within `timeoutMs`, refuses us or is too old
 */
export async function callRedis<T>(
  redis: Redis,
  { timeoutMs, address }: RedisCallOptions,
  send: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let unanswered = false;
  let last: unknown;
  const giveUp = (why: string): RedisUnavailable => {
    const said = last === undefined ? undefined : reasonOf(last);
    // After a command that got no reply there is nothing to explain about the address.
    const reason = said === undefined && unanswered ? '' : `: ${explainRedis(said, address)}`;
    return new RedisUnavailable(`Redis at ${address} ${why}${reason}`, { cause: last, unanswered });
  };

  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw giveUp(`was not available within ${showDuration(timeoutMs)}`);
    if (redis.status !== 'ready') {
      last = (await untilReady(redis, leftMs)) ?? last;
      if (last !== undefined && isRefusal(last)) throw giveUp('refused us');
      continue;
    }
    const old = tooOld(redis.server, address, unanswered);
    if (old !== undefined) throw old;
    try {
      return await withTimeout(leftMs, send());
    } catch (error) {
      if (error instanceof TimeIsUp) {
        unanswered = true;
        // The connection looks alive but does not answer. The next command would not be answered
        // either.
        redis.disconnect(true);
        throw giveUp(`did not answer within ${showDuration(timeoutMs)}`);
      }
      forgetCommand(error);
      last = error;
      if (isRefusal(error)) throw giveUp('refused us');
      if (isConnectionLoss(error)) unanswered = true;
      else if (!refusesForNow(error)) throw error;
      await sleep(Math.min(PAUSE_MS, Math.max(0, deadline - performance.now())));
    }
  }
}

/**
 * Waits until the connection is ready, Redis refuses us, or the time is up. Returns the last error
 * of the connection, if there was one.
 */
function untilReady(redis: Redis, ms: number): Promise<unknown> {
  return new Promise((resolve) => {
    let last: unknown;
    const finish = (): void => {
      clearTimeout(timer);
      redis.off('ready', finish).off('error', noteError).off('end', connect);
      resolve(last);
    };
    const noteError = (error: Error): void => {
      // A server that refuses a client hangs up. What it said is the reason, and not that it did.
      if (last === undefined || !isConnectionLoss(error)) last = error;
      if (isRefusal(error)) finish();
    };
    // The client ends a connection that Redis refused. The next caller connects again, also when
    // the connection is just about to end. Only once: when Redis refuses us in words that we do not
    // know, the connection would end again and again.
    const connect = (): void => void redis.connect().catch(noteError);
    const timer = setTimeout(finish, ms);
    redis.on('ready', finish).on('error', noteError).once('end', connect);
    if (redis.status === 'ready') finish();
    else if (redis.status === 'end' || redis.status === 'wait') connect();
  });
}
