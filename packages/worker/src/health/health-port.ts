import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { OptionsInvalid } from '@bullpen/shared';
import { listenFault } from '@bullpen/shared/internal';
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
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: clientTimeoutMs,
      requestTimeout: clientTimeoutMs,
      keepAliveTimeout: clientTimeoutMs,
      connectionsCheckingInterval: clientTimeoutMs / 5,
    },
    (request, response) => void respond(source, request, response),
  );
  server.setTimeout(clientTimeoutMs);
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await once(server.listen({ port, host }), 'listening');
  } catch (error) {
    throw new OptionsInvalid('cannot open the health port', [listenFault(host, port, error)]);
  }
  return { host, port: (server.address() as AddressInfo).port, close: () => close(server) };
}

/** Closes a server and its connections. A server that is closed already stays closed. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };

/** Writes the answer to a request. Node leaves out the body of an answer to HEAD. */
async function respond(source: HealthSource, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await answer(source, request).catch(
    (): Answer => ({ status: 500, headers: PLAIN, body: 'the request could not be answered\n' }),
  );
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

async function answer({ health, metrics }: HealthSource, { method, url = '' }: IncomingMessage): Promise<Answer> {
  if (method === 'GET' || method === 'HEAD') {
    const [path] = url.split('?', 1);
    if (path === '/livez') return probeAnswer(health(), 'live');
    if (path === '/readyz') return probeAnswer(health(), 'ready');
    if (path === '/metrics') {
      const registry = metrics();
      return { status: 200, headers: { 'content-type': registry.contentType }, body: await registry.metrics() };
    }
  }
  // The connection closes, so that Node does not read the body of a request that sends one.
  return {
    status: 404,
    headers: { ...PLAIN, connection: 'close' },
    body: 'not found; there are /livez, /readyz and /metrics\n',
  };
}

function probeAnswer({ problems, ...health }: Health, what: 'live' | 'ready'): Answer {
  const headers = { ...PLAIN, 'cache-control': 'no-store' };
  return health[what]
    ? { status: 200, headers, body: 'ok\n' }
    : { status: 503, headers, body: `${problems.join('\n')}\n` };
}
