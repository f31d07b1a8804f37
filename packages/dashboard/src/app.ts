import { STATUS_CODES } from 'node:http';
import { fileURLToPath } from 'node:url';
import { countOpen, type Producer } from '@bullpen/producer';
import { hasCode, type Logger } from '@bullpen/shared';
import { type Exporter, isConnectionLoss, type Redis } from '@bullpen/shared/internal';
import serveStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { batchesPages } from './batches/batches-pages.js';
import { addBoard, type Board } from './board/board.js';
import { RetryJobs } from './board/retry-jobs.js';
import { addGate } from './guard/gate.js';
import { addSecurityHeaders } from './guard/headers.js';
import { addMetrics } from './health/metrics.js';
import { addProbes } from './health/probes.js';
import { type Credentials, checkAgainst } from './login/credentials.js';
import { loginPages, prepareLogin, sessionOf } from './login/login-pages.js';
import { Sessions } from './login/sessions.js';
import { createRedactor } from './redact/redactor.js';

/** Everything that {@link buildApp} needs. */
export interface AppDeps {
  readonly redis: Redis;
  readonly prefix: string;
  readonly producer: Producer;
  readonly exporter: Exporter;
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

const ASSETS = fileURLToPath(new URL('../assets/', import.meta.url));

/**
 * Builds the server, which does not listen yet. The order matters: the security headers and the
 * gate come before every route.
 */
export async function buildApp(deps: AppDeps): Promise<{ app: FastifyInstance; board: Board }> {
  const { redis, producer, exporter, base, credentials, sessionMs, trustProxy, readOnly, isClosing, log } = deps;
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY,
    requestTimeout: MAX_REQUEST_MS,
    connectionTimeout: 2 * MAX_REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    http: { maxHeaderSize: 16_384, headersTimeout: MAX_REQUEST_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    forceCloseConnections: 'idle',
    // A URL that cannot be parsed meets no hook, and Fastify's own answer would quote it.
    frameworkErrors: ({ statusCode = 400 }, _request, reply) => {
      const plain = reply as FastifyReply;
      plain.code(statusCode).header('x-content-type-options', 'nosniff').send({ error: STATUS_CODES[statusCode] });
    },
    routerOptions: { maxParamLength: MAX_PARAMETER },
    ...(trustProxy.length === 0 ? {} : { trustProxy: [...trustProxy] }),
  });
  const sessions = new Sessions(sessionMs);
  const hasLogin = credentials !== undefined;
  const redact = createRedactor(deps.redact);

  const isStatic = (url: string): boolean => url.startsWith(`${base}/static/`) || url.startsWith(`${base}/assets/`);
  await addSecurityHeaders(app, isStatic);
  const tries = await prepareLogin(app);
  addGate(app, { base, hasLogin, readOnly, isLoggedIn: (request) => sessions.has(sessionOf(request)) });
  addErrorHandlers(app, log);
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
      const nav = { canLogOut: hasLogin, readOnly };
      await scope.register(batchesPages, { producer, base, redact, nav });
      const hasOpenBatch = async (queue: string): Promise<boolean> =>
        (await producer.batches.list({ queue })).some((books) => countOpen(books) > 0);
      const retryJobs = new RetryJobs(redis, deps.prefix);
      const boardDeps = { base, title: 'Bullpen', readOnly, hasLogin, redact, hasOpenBatch, retryJobs, log };
      board = await addBoard(scope, boardDeps);
    },
    { prefix: base },
  );
  await app.ready();
  return { app, board: board as Board };
}

/** Answers requests that fail. The answers tell nothing about the inside of the server. */
function addErrorHandlers(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const isAway = isConnectionLoss(error) || hasCode(error, 'BULLPEN_REDIS_UNAVAILABLE');
    const code = isAway ? 503 : (error.statusCode ?? 500);
    if (code === 500) log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    const said = isAway ? 'Redis is unavailable' : code < 500 ? error.message : STATUS_CODES[code];
    return reply.code(code).send({ error: said });
  });
}
