import type { AddressInfo } from 'node:net';
import { type Fault, OptionsInvalid } from '@bullpen/shared';
import { reasonOf } from '@bullpen/shared/internal';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { Health } from '../in-flight/health.js';
import { DEFAULT_HEALTH_HOST, type HealthPortOptions } from './health-port-options.js';

/** An open port. */
export interface HealthPort {
  /** The address that it listens on. */
  readonly host: string;
  /** Its number. */
  readonly port: number;
  /** Closes the port and all connections to it, also those that are kept alive. */
  close(): Promise<void>;
}

/** Where the answers come from. Both are read for each request. */
export interface HealthSource {
  readonly health: () => Health;
  readonly metrics: () => Pick<Registry, 'metrics' | 'contentType'>;
}

/** How long a client may take to send its request, or to read the answer. */
const CLIENT_TIMEOUT_MS = 5_000;
/** A request here is one line and some headers. */
const MAX_HEADER_BYTES = 8_192;
/** Probes and scrapers need a few connections at most. */
const MAX_CONNECTIONS = 256;

/**
 * Opens the port and answers `/livez` and `/readyz` (200, or 503 with a line for each problem) and
 * `/metrics`.
 * @param clientTimeoutMs how long a client may take to send its request, or to read the answer
 * @throws OptionsInvalid when the port cannot be opened, for example because it is in use
 */
export async function openHealthPort(
  { port, host = DEFAULT_HEALTH_HOST }: HealthPortOptions,
  source: HealthSource,
  clientTimeoutMs = CLIENT_TIMEOUT_MS,
): Promise<HealthPort> {
  const app = fastify({
    logger: false,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: clientTimeoutMs,
      connectionsCheckingInterval: clientTimeoutMs / 5,
    },
    requestTimeout: clientTimeoutMs,
    connectionTimeout: clientTimeoutMs,
    keepAliveTimeout: clientTimeoutMs,
    forceCloseConnections: true,
    // A path that cannot be decoded is answered like any other unknown path.
    frameworkErrors: (_, __, reply) => notFound(reply),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  addRoutes(app, source);
  try {
    await app.listen({ port, host });
  } catch (error) {
    await app.close();
    throw new OptionsInvalid('cannot open the health port', [listenFault(host, port, error)]);
  }
  return { host, port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

function addRoutes(app: FastifyInstance, { health, metrics }: HealthSource): void {
  // Refuses before a body is read.
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
  app.setErrorHandler(async (_, __, reply) => reply.code(500).type(PLAIN).send('the request could not be answered\n'));
  app.setNotFoundHandler(async (_, reply) => notFound(reply));
}

const PLAIN = 'text/plain; charset=utf-8';

function answer(reply: FastifyReply, { problems, ...health }: Health, what: 'live' | 'ready'): FastifyReply {
  reply.type(PLAIN).header('cache-control', 'no-store');
  return health[what] ? reply.send('ok\n') : reply.code(503).send(`${problems.join('\n')}\n`);
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type(PLAIN).send('not found; there are /livez, /readyz and /metrics\n');
}

function listenFault(host: string, port: number, error: unknown): Fault {
  const { code } = error as { readonly code?: unknown };
  if (code === 'EADDRINUSE') return { path: '', reason: `port ${port} of ${host} is in use by another process` };
  if (code === 'EACCES') return { path: '', reason: `port ${port} of ${host} may not be used by this user` };
  return { path: '', reason: `${host}:${port}: ${reasonOf(error)}` };
}
