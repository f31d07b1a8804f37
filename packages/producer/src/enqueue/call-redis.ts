import { setTimeout as sleep } from 'node:timers/promises';
import { RedisUnavailable } from '@bullpen/shared';
import {
  forgetCommand,
  isConnectionLoss,
  type Redis,
  reasonOf,
  refusesForNow,
  refusesUs,
  showDuration,
} from '@bullpen/shared/internal';

/** How {@link deliver} behaves. */
export interface DeliveryOptions {
  /** The bound on the whole call, in milliseconds. */
  readonly withinMs: number;
  /** Where Redis is, for messages; without a password. */
  readonly address: string;
}

const PAUSE_MS = 50;

const REFUSED = /^ERR (DB index is out of range|invalid DB index)/;

/** Whether waiting does not mend it. */
const isRefusal = (error: unknown): boolean => refusesUs(error) || REFUSED.test(reasonOf(error));

/**
 * Sends something to Redis, again and again until it is answered or the time is up. `send` must be
 * safe to repeat. We resend, not the client: so nothing is ever sent after this call has ended, and
 * a caller who got `RedisUnavailable` need not fear a late echo.
 * @throws RedisUnavailable when Redis did not answer within `withinMs`, or refuses our login
 */
export async function deliver<T>(
  redis: Redis,
  { withinMs, address }: DeliveryOptions,
  send: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let unanswered = false;
  let last: unknown;
  const giveUp = (why: string): RedisUnavailable =>
    new RedisUnavailable(`Redis at ${address} ${why}${last === undefined ? '' : `: ${reasonOf(last)}`}`, {
      cause: last,
      unanswered,
    });

  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw giveUp(`was not available within ${showDuration(withinMs)}`);
    if (redis.status !== 'ready') {
      last = (await untilReady(redis, leftMs)) ?? last;
      if (last !== undefined && isRefusal(last)) throw giveUp('refused us');
      continue;
    }
    try {
      return await within(send(), leftMs);
    } catch (error) {
      if (error === TIME_IS_UP) {
        unanswered = true;
        // The connection looks alive and is not: without this it would swallow the next command
        // too.
        redis.disconnect(true);
        throw giveUp(`did not answer within ${showDuration(withinMs)}`);
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

const TIME_IS_UP = new Error('time is up');

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const abort = new AbortController();
  const timer = sleep(ms, undefined, { signal: abort.signal }).then(() => Promise.reject(TIME_IS_UP));
  try {
    return await Promise.race([promise, timer]);
  } finally {
    timer.catch(() => undefined);
    abort.abort();
  }
}

/** Waits until the connection is ready, or the time is up; returns the last fault it heard of. */
function untilReady(redis: Redis, ms: number): Promise<unknown> {
  return new Promise((resolve) => {
    let fault: unknown;
    const done = (): void => {
      clearTimeout(timer);
      redis.off('ready', done).off('error', heard).off('end', connect);
      resolve(fault);
    };
    const heard = (error: Error): void => {
      fault = error;
      if (isRefusal(error)) done();
    };
    // A connection that was refused is ended; whoever calls next tries again, also one who calls
    // while it is just ending. Once: refused in words we do not know, it would end for ever.
    const connect = (): void => void redis.connect().catch(heard);
    const timer = setTimeout(done, ms);
    redis.on('ready', done).on('error', heard).once('end', connect);
    if (redis.status === 'ready') done();
    else if (redis.status === 'end' || redis.status === 'wait') connect();
  });
}
