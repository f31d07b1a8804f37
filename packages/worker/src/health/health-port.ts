import type { AddressInfo } from 'node:net';
import { type Fault, OptionsInvalid } from '@bullpen/shared';
import { reasonOf } from '@bullpen/shared/internal';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { Health } from '../in-flight/health.js';

/** Where the health of a worker is told. */
export interface HealthPortOptions {
  /** 1 to 65535; 0 takes one that is free. */
  readonly port: number;
  /**
   * The address to listen on. Default `'0.0.0.0'`: who asks is outside, a kubelet or Prometheus.
   */
  readonly host?: string;
}

/** An open port. */
export interface HealthPort {
  readonly host: string;
  readonly port: number;
  /** Closes it, and the connections to it, also those of somebody who would keep them. */
  close(): Promise<void>;
}

/** What is told there, as it is when somebody asks. */
export interface Told {
  readonly health: () => Health;
  readonly metrics: () => Pick<Registry, 'metrics' | 'contentType'>;
}

/**
 * How long a client may take for its question, be silent in the middle of it, or not read the
 * answer.
 */
const PATIENCE_MS = 5_000;
/** A question here is a line and some headers. */
const MAX_HEADER_BYTES = 8_192;
/** At once. Probes come one by one; somebody who opens more than this gets no more. */
const MAX_CONNECTIONS = 256;

/**
 * Opens the port and answers `/livez` and `/readyz` (200 or 503, and a line for each problem) and
 * `/metrics`.
 * @throws OptionsInvalid when the port cannot be opened: it is in use, say
 * @param patienceMs how long a client may take for its question, be silent in the middle of it, or
 *   not read the answer
 */
export async function openHealthPort(
  { port, host = '0.0.0.0' }: HealthPortOptions,
  told: Told,
  patienceMs = PATIENCE_MS,
): Promise<HealthPort> {
  const app = fastify({
    logger: false,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: patienceMs,
      connectionsCheckingInterval: patienceMs / 5,
    },
    requestTimeout: patienceMs,
    connectionTimeout: patienceMs,
    keepAliveTimeout: patienceMs,
    forceCloseConnections: true,
    // A path that cannot be decoded is just one that is not there.
    frameworkErrors: (_, __, reply) => notFound(reply),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  addRoutes(app, told);
  try {
    await app.listen({ port, host });
  } catch (error) {
    await app.close();
    throw new OptionsInvalid('cannot open the health port', [listenFault(host, port, error)]);
  }
  return { host, port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

function addRoutes(app: FastifyInstance, { health, metrics }: Told): void {
  // Before a body is read: nobody has anything to send here.
  app.addHook('onRequest', async ({ method }, reply) => {
    if (method !== 'GET' && method !== 'HEAD') return notFound(reply.header('connection', 'close'));
    return undefined;
  });
  app.get('/livez', async (_, reply) => answer(reply, health(), 'live'));
  app.get('/readyz', async (_, reply) => answer(reply, health(), 'ready'));
  app.get('/metrics', async (_, reply) => {
    const registry = metrics();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  app.setErrorHandler(async (_, __, reply) => reply.code(500).type(PLAIN).send('could not be answered\n'));
  app.setNotFoundHandler(async (_, reply) => notFound(reply));
}

const PLAIN = 'text/plain; charset=utf-8';

function answer(reply: FastifyReply, { problems, ...health }: Health, what: 'live' | 'ready'): FastifyReply {
  reply.type(PLAIN).header('cache-control', 'no-store');
  return health[what] ? reply.send('ok\n') : reply.code(503).send(`${problems.join('\n')}\n`);
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type(PLAIN).send('there is /livez, /readyz and /metrics\n');
}

function listenFault(host: string, port: number, error: unknown): Fault {
  const { code } = error as { readonly code?: unknown };
  if (code === 'EADDRINUSE') return { path: '', reason: `port ${port} of ${host} is in use by another process` };
  if (code === 'EACCES') return { path: '', reason: `port ${port} of ${host} may not be used by this user` };
  return { path: '', reason: `${host}:${port}: ${reasonOf(error)}` };
}
