import { STATUS_CODES } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { countOpen, type Producer } from '@bullpen/producer';
import { hasCode, type Logger } from '@bullpen/shared';
import { type Exporter, isConnectionLoss, type Redis } from '@bullpen/shared/internal';
import serveStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { batchesPages } from './batches/batches-pages.js';
import { addBoard, type Board } from './board/board.js';
import { RetryJobs } from './board/retry-jobs.js';
import { addGate, wantsPage } from './guard/gate.js';
import { addSecurityHeaders } from './guard/headers.js';
import { addMetrics } from './health/metrics.js';
import type { Outage } from './health/outage.js';
import { addProbes } from './health/probes.js';
import { type Credentials, checkAgainst } from './login/credentials.js';
import { loginPages, prepareLogin, sessionOf } from './login/login-pages.js';
import { Sessions } from './login/sessions.js';
import { fault, waysHome } from './pages/fault.js';
import { HTML, page, type ShowPage } from './pages/page.js';
import { createRedactor } from './redact/redactor.js';

/** Everything that {@link buildApp} needs. */
export interface AppDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly producer: Producer;
  readonly exporter: Exporter;
  readonly outage: Pick<Outage, 'text'>;
  readonly base: string;
  readonly credentials: Credentials | undefined;
  readonly sessionMs: number;
  readonly trustProxy: readonly string[];
  readonly readOnly: boolean;
  readonly redact: readonly string[];
  readonly isClosing: () => boolean;
  readonly log: Logger;
}

/** The largest request body, in bytes. Our forms are far smaller. */
const MAX_BODY = 65_536;
/** How long a client may take to send headers and body, in milliseconds. */
const MAX_REQUEST_MS = 15_000;
/** How often Node looks for requests that take longer, in milliseconds. */
const CHECK_EVERY_MS = 5_000;
const IDLE_MS = 10_000;
/** The longest parameter of a path. Names have at most 100 characters, ids a few more. */
const MAX_PARAMETER = 512;

/** Said above a page when Redis is there and did not answer in time. */
const SLOW = 'Redis did not answer in time. What you see is from before.';
const NO_SUCH_PAGE = 'There is no page at this address.';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const ASSETS = fileURLToPath(new URL('../assets/', import.meta.url));

/**
 * Builds the server, which does not listen yet. The order matters: the security headers and the
 * gate come before every route.
 */
export async function buildApp(deps: AppDeps): Promise<{ app: FastifyInstance; board: Board }> {
  const { redis, producer, exporter, outage, base, credentials, sessionMs, trustProxy, readOnly, isClosing, log } =
    deps;
  const hasLogin = credentials !== undefined;
  const nav = { canLogOut: hasLogin, readOnly };
  const showPage: ShowPage = (reply, content) => {
    const said = outage.text ?? (reply.statusCode === 503 ? SLOW : undefined);
    return reply.type(HTML).send(page({ base, nav, outage: said, ...content }));
  };
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    requestTimeout: MAX_REQUEST_MS,
    connectionTimeout: 2 * MAX_REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    http: { maxHeaderSize: 16_384, headersTimeout: MAX_REQUEST_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    forceCloseConnections: 'idle',
    // A URL that cannot be parsed meets no hook, and Fastify's own answer would quote it.
    frameworkErrors: ({ statusCode = 400 }, request, reply) => {
      const plain = reply as FastifyReply;
      const error = STATUS_CODES[statusCode] ?? 'Error';
      plain.code(statusCode).header('x-content-type-options', 'nosniff');
      if (!wantsPage(request as FastifyRequest)) plain.send({ error });
      else plain.type(HTML).send(page({ title: error, base, body: fault(error, NO_SUCH_PAGE) + waysHome(base) }));
    },
    routerOptions: { maxParamLength: MAX_PARAMETER },
    ...(trustProxy.length === 0 ? {} : { trustProxy: [...trustProxy] }),
  });
  const sessions = new Sessions(sessionMs);
  const redact = createRedactor(deps.redact);

  const isStatic = (url: string): boolean => url.startsWith(`${base}/static/`) || url.startsWith(`${base}/assets/`);
  await addSecurityHeaders(app, isStatic);
  const tries = await prepareLogin(app);
  // Without a login, whoever reaches us may change things and has no name.
  const userOf = (request: FastifyRequest): string | undefined =>
    credentials === undefined ? 'nobody' : sessions.has(sessionOf(request)) ? credentials.user : undefined;
  addGate(app, { base, hasLogin, readOnly, isLoggedIn: (request) => userOf(request) !== undefined });
  addErrorHandlers(app, { base, showPage, log });
  addProbes(app, redis, isClosing);
  const check = credentials === undefined ? undefined : checkAgainst(credentials);
  addMetrics(app, { exporter, check, tryLogin: tries.tryLogin });
  if (base !== '') app.get('/', (_request, reply) => reply.redirect(`${base}/`));

  let board: Board | undefined;
  await app.register(
    async (scope) => {
      await scope.register(async (assets) => {
        assets.addHook('onRoute', (route) => {
          route.config = { ...route.config, open: true };
        });
        await assets.register(serveStatic, { root: ASSETS, prefix: '/assets/', index: false, decorateReply: false });
      });
      if (check !== undefined) {
        const login = { base, check, sessions, sessionMs, log };
        await scope.register((pages) => loginPages(pages, login, tries));
      }
      await scope.register(batchesPages, { producer, base, redact, showPage });
      const hasOpenBatch = async (queue: string): Promise<boolean> =>
        (await producer.batches.list({ queue })).some((books) => countOpen(books) > 0);
      const retryJobs = new RetryJobs(redis, deps.prefix);
      const shown = { base, title: 'Bullpen', version, readOnly, hasLogin, redact };
      const boardDeps = { ...shown, hasOpenBatch, retryJobs, userOf, outage, log };
      board = await addBoard(scope, boardDeps);
    },
    { prefix: base },
  );
  await app.ready();
  return { app, board: board as Board };
}

/**
 * Answers requests that fail: people get a page, programs get JSON. The answers tell nothing about
 * the inside of the server.
 */
function addErrorHandlers(
  app: FastifyInstance,
  { base, showPage, log }: { readonly base: string; readonly showPage: ShowPage; readonly log: Logger },
): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, error: string, text = error): FastifyReply =>
    wantsPage(request)
      ? showPage(reply, { title: error, body: fault(error, text) + waysHome(base) })
      : reply.send({ error });
  app.setNotFoundHandler((request, reply) => answer(request, reply.code(404), 'Not found', NO_SUCH_PAGE));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const isAway = isConnectionLoss(error) || hasCode(error, 'BULLPEN_REDIS_UNAVAILABLE');
    const code = isAway ? 503 : (error.statusCode ?? 500);
    if (code === 500) log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    const said = isAway ? 'Redis is unavailable' : code < 500 ? error.message : (STATUS_CODES[code] ?? 'Error');
    return answer(request, reply.code(code), said);
  });
}
