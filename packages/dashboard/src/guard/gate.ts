import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '../pages/fault.js';
import { HTML, page } from '../pages/page.js';
import { namesLoopback } from './loopback.js';
import { isSameOrigin } from './same-origin.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether anybody may request this route. All other routes need a session, also a plugin's. */
    open?: boolean;
    /** Whether it changes sessions only. A read-only dashboard allows such a route. */
    session?: boolean;
  }
}

/** Options of {@link addGate}. */
export interface GateOptions {
  readonly base: string;
  /** Whether there is a login. Without a password there is none, and the server is on loopback. */
  readonly hasLogin: boolean;
  readonly readOnly: boolean;
  readonly isLoggedIn: (request: FastifyRequest) => boolean;
}

const CHANGES_NOTHING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Adds one hook before every route, also before those that plugins add and before the answer to an
 * unknown path. It checks where a request comes from, the session, and the read-only mode.
 */
export function addGate(app: FastifyInstance, { base, hasLogin, readOnly, isLoggedIn }: GateOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    const { open, session } = request.routeOptions.config;
    const changes = !CHANGES_NOTHING.has(request.method);
    if (changes && !isSameOrigin(originsOf(request))) {
      return refuse(request, reply, 403, 'This request does not come from a page of this dashboard.', base);
    }
    // Without a login, only the host name tells our page from the page of another site in a browser
    // on this machine.
    if (!hasLogin && !namesLoopback(request.headers.host)) {
      const message = 'Without a password this dashboard answers only as localhost or 127.0.0.1.';
      return refuse(request, reply, 403, message, base);
    }
    if (hasLogin && open !== true && !isLoggedIn(request)) return askForLogin(request, reply, base);
    if (changes && readOnly && session !== true) {
      return refuse(request, reply, 403, 'This dashboard is read-only.');
    }
  });
}

const originsOf = ({ headers, host }: FastifyRequest) => ({
  site: oneOf(headers['sec-fetch-site']),
  origin: oneOf(headers.origin),
  host,
});

// A header that is sent twice may be an attack. Joined, its values match no single value.
const oneOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;

function askForLogin(request: FastifyRequest, reply: FastifyReply, base: string): FastifyReply {
  if (!wantsPage(request)) return refuse(request, reply, 401, 'Log in first.');
  // A browser does not send the session's cookie to the base path without its slash, so this person
  // may be logged in.
  if (request.url === base) return reply.redirect(`${base}/`, 302);
  return reply.redirect(`${base}/login?to=${encodeURIComponent(request.url)}`, 302);
}

/** Whether a person, and not a program, asks for a page. */
export const wantsPage = (request: FastifyRequest): boolean =>
  CHANGES_NOTHING.has(request.method) && readsPages(request);

/** Whether a person will read the answer. */
const readsPages = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers.accept?.includes('text/html') === true;

/**
 * Refuses a request, with a body that Bull Board's page can show.
 * @param base the base path, where a person may read the answer; it is a page then
 */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  message: string,
  base?: string,
): FastifyReply {
  // Closing saves us from waiting for the rest of the request.
  if (!CHANGES_NOTHING.has(request.method)) reply.header('connection', 'close');
  reply.code(code);
  const error = code === 401 ? 'Logged out' : 'Refused';
  if (base === undefined || !readsPages(request)) return reply.send({ error, message });
  return reply.type(HTML).send(page({ title: error, base, body: fault(error, message) }));
}
