import type { Logger } from '@bullpen/shared';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import { HTML, type PageContent, page } from '../pages/page.js';
import { type CheckCredentials, MAX_PASSWORD } from './credentials.js';
import { returnPath } from './return-path.js';
import { Sessions } from './sessions.js';
import { limitTries, type TryLogin } from './tries.js';

/** What {@link loginPages} needs. */
export interface LoginDeps {
  readonly base: string;
  readonly check: CheckCredentials;
  readonly sessions: Sessions;
  /** How long the cookie of a session lives, in milliseconds: as long as the session. */
  readonly sessionMs: number;
  readonly log: Logger;
}

/**
 * The cookie of a session. A browser keeps one for each path, so two dashboards on one host do not
 * log each other out.
 */
const COOKIE = 'bullpen_session';

/** Reads the id of the session from the request's cookie. */
export const sessionOf = (request: FastifyRequest): string | undefined => request.cookies[COOKIE];

/** The cookie of a browser in which somebody has logged in before. Sent with logins only. */
const BROWSER_COOKIE = 'bullpen_browser';
/** How long a browser is known, in milliseconds. */
const BROWSER_MS = 30 * 24 * 60 * 60_000;

/** The tries to log in, and the browsers in which somebody has logged in before. */
export interface LoginTries {
  readonly tryLogin: TryLogin;
  readonly browsers: Sessions;
}

/** Adds cookies and the limits of tries to the whole server. Call it before any route is added. */
export async function prepareLogin(app: FastifyInstance): Promise<LoginTries> {
  await app.register(cookie);
  const browsers = new Sessions(BROWSER_MS);
  return { tryLogin: await limitTries(app, browsers, browserOf), browsers };
}

const browserOf = (request: FastifyRequest): string | undefined => request.cookies[BROWSER_COOKIE];

/** Adds the pages to log in and out. */
export async function loginPages(
  app: FastifyInstance,
  deps: LoginDeps,
  { tryLogin, browsers }: LoginTries,
): Promise<void> {
  const { base, check, sessions, sessionMs, log } = deps;
  const path = `${base}/`;
  await app.register(formbody, { bodyLimit: 16_384 });

  app.get('/login', { config: { open: true } }, (request, reply) => {
    const { to } = request.query as { to?: unknown };
    return sendForm(reply, { base, to: returnPath(to, base) });
  });

  app.post('/login', { config: { open: true, session: true } }, async (request, reply) => {
    const { user, password, to } = (request.body ?? {}) as Record<string, unknown>;
    const form = { base, to: returnPath(to, base) };
    const result = await tryLogin(request, () => check(textOf(user), textOf(password)));
    if (typeof result === 'object') {
      log.warn({ address: request.ip }, 'login refused: too many tries');
      reply.code(429).header('retry-after', result.retryAfterS);
      return sendForm(reply, { ...form, fault: `Too many tries. Try again in ${inWords(result.retryAfterS)}.` });
    }
    if (result === 'wrong') {
      log.warn({ address: request.ip }, 'login failed');
      return sendForm(reply.code(401), { ...form, fault: 'User or password is wrong.' });
    }
    sessions.end(sessionOf(request));
    browsers.end(browserOf(request));
    log.info({ address: request.ip }, 'login succeeded');
    const secure = request.protocol === 'https';
    const cookieOptions = (ms: number) =>
      ({ httpOnly: true, sameSite: 'strict', secure, maxAge: Math.floor(ms / 1000) }) as const;
    reply.setCookie(COOKIE, sessions.begin(), { path, ...cookieOptions(sessionMs) });
    reply.setCookie(BROWSER_COOKIE, browsers.begin(), { path: `${base}/login`, ...cookieOptions(BROWSER_MS) });
    return reply.redirect(form.to, 303);
  });

  // GET only asks: otherwise a link on any page could log people out.
  app.get('/logout', (_request, reply) => sendPage(reply, { title: 'Log out', base, body: logoutForm(base) }));

  app.post('/logout', { config: { session: true } }, (request, reply) => {
    sessions.end(sessionOf(request));
    return reply.clearCookie(COOKIE, { path }).redirect(`${base}/login`, 303);
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_PASSWORD) : '');

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

const sendPage = (reply: FastifyReply, content: PageContent): FastifyReply => reply.type(HTML).send(page(content));
