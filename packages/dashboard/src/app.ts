import { STATUS_CODES } from 'node:http';
import { fileURLToPath } from 'node:url';
import { countOpen, type Producer } from '@bullpen/producer';
import { hasCode, type Logger } from '@bullpen/shared';
import { type Exporter, isConnectionLoss, type Redis } from '@bullpen/shared/internal';
import serveStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { batchesPages } from './batches/batches-pages.js';
import { addBoard, type Board } from './board/board.js';
import { addGate } from './guard/gate.js';
import { addSecurityHeaders } from './guard/headers.js';
import { addMetrics } from './health/metrics.js';
import { addProbes } from './health/probes.js';
import { type Credentials, checkAgainst } from './login/credentials.js';
import { loginPages, prepareLogin, sessionOf } from './login/login-pages.js';
import { Sessions } from './login/sessions.js';
import { createRedactor } from './redact/redactor.js';

/** What the server is made of. */
export interface AppDeps {
  readonly redis: Redis;
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

/** Nothing that people do here is larger. */
const LARGEST_BODY = 65_536;
/** Who sends headers and body slower than this is not waited for, in milliseconds. */
const REQUEST_WITHIN_MS = 15_000;
/** How often Node looks for those, in milliseconds. */
const CHECK_EVERY_MS = 5_000;
const IDLE_MS = 10_000;
/** Names are at most 100 characters, ids a little more. */
const MAX_PARAMETER = 512;

const ASSETS = fileURLToPath(new URL('../assets/', import.meta.url));

/**
 * Builds the server; nothing listens yet. The order counts: headers and the gate stand before every
 * route.
 */
export async function buildApp(parts: AppDeps): Promise<{ app: FastifyInstance; board: Board }> {
  const { redis, producer, exporter, base, credentials, sessionMs, trustProxy, readOnly, isClosing, log } = parts;
  const app = fastify({
    logger: false,
    bodyLimit: LARGEST_BODY,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionTimeout: 2 * REQUEST_WITHIN_MS,
    keepAliveTimeout: IDLE_MS,
    http: { maxHeaderSize: 16_384, headersTimeout: REQUEST_WITHIN_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    forceCloseConnections: 'idle',
    // What is no address at all meets no hook; Fastify would quote it.
    frameworkErrors: ({ statusCode = 400 }, _request, reply) => {
      const plain = reply as FastifyReply;
      plain.code(statusCode).header('x-content-type-options', 'nosniff').send({ error: STATUS_CODES[statusCode] });
    },
    routerOptions: { maxParamLength: MAX_PARAMETER },
    ...(trustProxy.length === 0 ? {} : { trustProxy: [...trustProxy] }),
  });
  const sessions = new Sessions(sessionMs);
  const hasLogin = credentials !== undefined;
  const redact = createRedactor(parts.redact);

  const isStatic = (url: string): boolean => url.startsWith(`${base}/static/`) || url.startsWith(`${base}/assets/`);
  await addSecurityHeaders(app, isStatic);
  const door = await prepareLogin(app);
  addGate(app, { base, hasLogin, readOnly, isLoggedIn: (request) => sessions.has(sessionOf(request)) });
  addAnswers(app, log);
  addProbes(app, redis, isClosing);
  const check = credentials === undefined ? undefined : checkAgainst(credentials);
  addMetrics(app, { exporter, check, attempt: door.attempt });
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
        await scope.register((pages) => loginPages(pages, login, door));
      }
      const nav = { canLogOut: hasLogin, readOnly };
      await scope.register(batchesPages, { producer, base, redact, nav });
      const hasOpenBatch = async (queue: string): Promise<boolean> =>
        (await producer.batches.list({ queue })).some((books) => countOpen(books) > 0);
      board = await addBoard(scope, { base, title: 'Bullpen', readOnly, hasLogin, redact, hasOpenBatch, log });
    },
    { prefix: base },
  );
  await app.ready();
  return { app, board: board as Board };
}

/** What is answered when something goes wrong, in words that tell nothing about the inside. */
function addAnswers(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const isAway = isConnectionLoss(error) || hasCode(error, 'BULLPEN_REDIS_UNAVAILABLE');
    const code = isAway ? 503 : (error.statusCode ?? 500);
    if (code === 500) log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    const said = isAway ? 'Redis is unavailable' : code < 500 ? error.message : STATUS_CODES[code];
    return reply.code(code).send({ error: said });
  });
}
