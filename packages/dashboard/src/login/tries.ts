import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sessions } from './sessions.js';

/** The most wrong tries from one address, or in one known browser, within {@link WINDOW_MS}. */
const MAX_PER_ADDRESS = 10;
/** The most wrong tries from all addresses together. A team needs far fewer. */
const MAX_IN_ALL = 300;
const WINDOW_MS = 5 * 60_000;

/** The result of a try to log in; with `retryAfterS` there were too many tries. */
type TryResult = 'right' | 'wrong' | { readonly retryAfterS: number };

/** Tries to log in, unless there were too many tries. Counts wrong tries only. */
export type TryLogin = (request: FastifyRequest, isRight: () => boolean) => Promise<TryResult>;

/**
 * Adds limits of tries to a server. Call it before any route is added.
 * @param browsers the browsers in which somebody has logged in. A try in one of them counts for
 *   this browser only, so that nobody elsewhere can lock its user out
 * @param browserOf reads from a request in which of them it was made
 */
export async function limitTries(
  app: FastifyInstance,
  browsers: Sessions,
  browserOf: (request: FastifyRequest) => string | undefined,
): Promise<TryLogin> {
  await app.register(rateLimit, { global: false });
  // Without a key generator the key is the address; for IPv6 it is the network, because whoever has
  // one address of it has them all.
  const ofAddress = app.createRateLimit({ max: MAX_PER_ADDRESS, timeWindow: WINDOW_MS });
  const ofAll = app.createRateLimit({ max: MAX_IN_ALL, timeWindow: WINDOW_MS, keyGenerator: () => 'all' });
  const ofBrowser = app.createRateLimit({
    ...{ max: MAX_PER_ADDRESS, timeWindow: WINDOW_MS },
    keyGenerator: (request) => browserOf(request) ?? '',
  });

  const tryLogin: TryLogin = async (request, isRight) => {
    const limits = browsers.has(browserOf(request)) ? [ofBrowser] : [ofAddress, ofAll];
    for (const limit of limits) {
      const state = await limit(request, { increment: false });
      // `isAllowed` alone only tells whether the key is on an allow list, and we have none.
      if (!state.isAllowed && state.remaining === 0) return { retryAfterS: state.ttlInSeconds };
    }
    if (isRight()) return 'right';
    for (const limit of limits) await limit(request);
    return 'wrong';
  };

  // One after the other: otherwise, of many tries at once, the last would be checked before the
  // first was counted.
  let last: Promise<unknown> = Promise.resolve();
  return (request, isRight) => {
    const tried = last.then(() => tryLogin(request, isRight));
    last = tried.catch(() => undefined);
    return tried;
  };
}
