import type { Logger } from '@bullpen/shared';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import { type PageParts, page } from '../pages/page.js';
import type { CheckCredentials } from './credentials.js';
import { returnPath } from './return-path.js';
import type { Sessions } from './sessions.js';

/** Logins from one address within {@link WINDOW_MS}, right ones included. */
const FROM_ONE_ADDRESS = 10;
/** Logins from all addresses together: what many machines can try, and more than any team needs. Sessions that were begun before go on. */
const FROM_ALL = 300;
const WINDOW_MS = 5 * 60_000;
/** More is no user or password of ours. */
const LONGEST_TEXT = 1_024;

/** What the login takes. */
export interface LoginParts {
  readonly base: string;
  readonly check: CheckCredentials;
  readonly sessions: Sessions;
  /** How long the cookie lives, in milliseconds: as long as the session. */
  readonly sessionMs: number;
  readonly log: Logger;
}

/** A browser keeps a cookie apart for each path it is for; two dashboards under one host do not log each other out. */
const COOKIE = 'bullpen_session';

/** What somebody's cookie says their session is. */
export const sessionOf = (request: FastifyRequest): string | undefined => request.cookies[COOKIE];

/**
 * Whether logins are being tried too often, from where this one comes or from everywhere.
 * @param count whether this one counts as well; default true
 */
export type TooMany = (
  request: FastifyRequest,
  count?: boolean,
) => Promise<{ readonly retryAfterS: number } | undefined>;

/** Adds cookies and the counting of logins to the whole server. To be called before any route. */
export async function prepareLogin(app: FastifyInstance): Promise<TooMany> {
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  const limits = [
    // Without a key of our own it is the address, of IPv6 the network: who has one has all of its addresses.
    app.createRateLimit({ max: FROM_ONE_ADDRESS, timeWindow: WINDOW_MS }),
    app.createRateLimit({ max: FROM_ALL, timeWindow: WINDOW_MS, keyGenerator: () => 'all' }),
  ];
  return async (request, count = true) => {
    // One after the other: what one address does too often does not count for the rest.
    for (const limit of limits) {
      const counted = await limit(request, { increment: count });
      if (!counted.isAllowed && counted.isExceeded) return { retryAfterS: counted.ttlInSeconds };
    }
    return undefined;
  };
}

/** The pages to log in and out. */
export async function loginPages(app: FastifyInstance, parts: LoginParts, tooMany: TooMany): Promise<void> {
  const { base, check, sessions, sessionMs, log } = parts;
  const path = `${base}/`;
  await app.register(formbody, { bodyLimit: 16_384 });

  app.get('/login', { config: { open: true } }, (request, reply) => {
    const { to } = request.query as { to?: unknown };
    return sendForm(reply, { base, to: returnPath(to, base) });
  });

  app.post('/login', { config: { open: true, session: true } }, async (request, reply) => {
    const { user, password, to } = (request.body ?? {}) as Record<string, unknown>;
    const form = { base, to: returnPath(to, base) };
    const limit = await tooMany(request);
    if (limit !== undefined) {
      log.warn({ address: request.ip }, 'login refused: too many tries');
      reply.code(429).header('retry-after', limit.retryAfterS);
      return sendForm(reply, { ...form, fault: `Too many tries. Try again in ${inWords(limit.retryAfterS)}.` });
    }
    if (!check(textOf(user), textOf(password))) {
      log.warn({ address: request.ip }, 'login failed');
      return sendForm(reply.code(401), { ...form, fault: 'User or password is wrong.' });
    }
    sessions.end(sessionOf(request));
    log.info({ address: request.ip }, 'login succeeded');
    const secure = request.protocol === 'https';
    const cookieOptions = { path, httpOnly: true, sameSite: 'strict', secure } as const;
    reply.setCookie(COOKIE, sessions.begin(), { ...cookieOptions, maxAge: Math.floor(sessionMs / 1000) });
    return reply.redirect(form.to, 303);
  });

  // A link cannot end a session: anybody could put one somewhere.
  app.get('/logout', (_request, reply) => sendPage(reply, { title: 'Log out', base, body: logoutForm(base) }));

  app.post('/logout', { config: { session: true } }, (request, reply) => {
    sessions.end(sessionOf(request));
    return reply.clearCookie(COOKIE, { path }).redirect(`${base}/login`, 303);
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : '');

const inWords = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;

interface Form {
  readonly base: string;
  readonly to: string;
  readonly fault?: string;
}

function sendForm(reply: FastifyReply, { base, to, fault }: Form): FastifyReply {
  const body = html`<form class="login" method="post" action="${base}/login">
<h1>Bullpen</h1>
!${fault === undefined ? '' : html`<p class="note bad" role="alert">${fault}</p>`}
<input type="hidden" name="to" value="${to}">
<label>User<input name="user" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>`;
  return sendPage(reply, { title: 'Log in', base, body });
}

const logoutForm = (base: string): string => html`<form class="login" method="post" action="${base}/logout">
<h1>Log out?</h1>
<button>Log out</button> <a class="button plain" href="${base}/">Stay</a>
</form>`;

const sendPage = (reply: FastifyReply, parts: PageParts): FastifyReply =>
  reply.type('text/html; charset=utf-8').send(page(parts));
