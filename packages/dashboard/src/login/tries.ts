import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sessions } from './sessions.js';

/** Wrong tries from one address within {@link WINDOW_MS}. */
const FROM_ONE_ADDRESS = 10;
/** Wrong tries from all addresses together: many machines can try, and a team needs far fewer. */
const FROM_ALL = 300;
const WINDOW_MS = 5 * 60_000;

/** How a try to log in has ended. */
export type Tried = 'right' | 'wrong' | { readonly retryAfterS: number };

/** Tries to log in, unless it has been tried too often; what was wrong counts. */
export type Try = (request: FastifyRequest, isRight: () => boolean) => Promise<Tried>;

/**
 * Adds the counting of tries to a server. To be called before any route.
 * @param browsers those from which somebody has logged in: tried from there, it counts there, so
 *   that nobody elsewhere can lock them out
 * @param browserOf what a request says which of them it is from
 */
export async function countTries(
  app: FastifyInstance,
  browsers: Sessions,
  browserOf: (request: FastifyRequest) => string | undefined,
): Promise<Try> {
  await app.register(rateLimit, { global: false });
  // Without a key of our own it is the address, of IPv6 the network: who has one has all of its
  // addresses.
  const ofAddress = app.createRateLimit({ max: FROM_ONE_ADDRESS, timeWindow: WINDOW_MS });
  const ofAll = app.createRateLimit({ max: FROM_ALL, timeWindow: WINDOW_MS, keyGenerator: () => 'all' });
  const ofBrowser = app.createRateLimit({
    ...{ max: FROM_ONE_ADDRESS, timeWindow: WINDOW_MS },
    keyGenerator: (request) => browserOf(request) ?? '',
  });

  const attempt: Try = async (request, isRight) => {
    const limits = browsers.has(browserOf(request)) ? [ofBrowser] : [ofAddress, ofAll];
    for (const limit of limits) {
      const state = await limit(request, { increment: false });
      // Nobody is always allowed: that takes a list, which we do not give.
      if (!state.isAllowed && state.remaining === 0) return { retryAfterS: state.ttlInSeconds };
    }
    if (isRight()) return 'right';
    for (const limit of limits) await limit(request);
    return 'wrong';
  };

  // One after the other. Of many that come at once, the first would not have been counted when the
  // last is looked at.
  let last: Promise<unknown> = Promise.resolve();
  return (request, isRight) => {
    const tried = last.then(() => attempt(request, isRight));
    last = tried.catch(() => undefined);
    return tried;
  };
}
