import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { namesLoopback } from './loopback.js';
import { isOurOwn } from './same-origin.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether anybody may ask for it. Everything else needs a session, whoever adds the route. */
    open?: boolean;
    /** Whether it changes nothing but who is logged in: allowed when the dashboard is read-only. */
    session?: boolean;
  }
}

/** What the gate decides by. */
export interface GateDeps {
  readonly base: string;
  /**
   * Whether there is a login at all: without a password there is none, and the server listens on
   * loopback alone.
   */
  readonly hasLogin: boolean;
  readonly readOnly: boolean;
  readonly isLoggedIn: (request: FastifyRequest) => boolean;
}

const CHANGES_NOTHING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Puts one hook before every route there is and will be, those of plugins and the one for unknown
 * addresses included.
 */
export function addGate(app: FastifyInstance, { base, hasLogin, readOnly, isLoggedIn }: GateDeps): void {
  app.addHook('onRequest', async (request, reply) => {
    const { open, session } = request.routeOptions.config;
    const changes = !CHANGES_NOTHING.has(request.method);
    if (changes && !isOurOwn(originsOf(request))) {
      return refuse(request, reply, 403, 'This request does not come from a page of this dashboard.');
    }
    // Without a login the name is all that tells a page of ours from one of another site in a
    // browser on this machine.
    if (!hasLogin && !namesLoopback(request.headers.host)) {
      return refuse(request, reply, 403, 'Without a password this dashboard answers only as localhost or 127.0.0.1.');
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

// Sent twice, a header is an attempt at something.
const oneOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;

function askForLogin(request: FastifyRequest, reply: FastifyReply, base: string): FastifyReply {
  if (!wantsPage(request)) return refuse(request, reply, 401, 'Log in first.');
  // The cookie is for what is below: who asks for this may well have logged in.
  if (request.url === base) return reply.redirect(`${base}/`, 302);
  return reply.redirect(`${base}/login?to=${encodeURIComponent(request.url)}`, 302);
}

/** Whether a person is to read the answer. */
export const wantsPage = ({ method, headers }: FastifyRequest): boolean =>
  CHANGES_NOTHING.has(method) && headers.accept?.includes('text/html') === true;

/** Says no, in the shape that Bull Board's page understands as well. */
export function refuse(request: FastifyRequest, reply: FastifyReply, code: number, message: string): FastifyReply {
  // What is still being sent is not waited for.
  if (!CHANGES_NOTHING.has(request.method)) reply.header('connection', 'close');
  return reply.code(code).send({ error: code === 401 ? 'Logged out' : 'Refused', message });
}
