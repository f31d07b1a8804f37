import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { latencyFor, mischiefFor } from './mischief.js';
import { ReceiverBooks } from './receiver-books.js';
import { summarizeBooks } from './summarize-books.js';

/** Options of {@link startReceiver}. */
export interface ReceiverOptions {
  /** The secret that it shares with the sender. */
  readonly secret: string;
  /** Paths of endpoints that were switched off. */
  readonly gonePaths?: readonly string[];
  /** The address to listen on. Default: a free port on the loopback. */
  readonly host?: string;
  readonly port?: number;
  /** Whether it fails now and then, on purpose. Default true. */
  readonly mischief?: boolean;
}

/** A receiver that listens. */
export interface Receiver {
  readonly url: string;
  readonly books: ReceiverBooks;
  /** Stops listening and drops its connections. Safe to call twice. */
  close(): Promise<void>;
}

const MAX_BYTES = 64 * 1_024;

/**
 * Starts a shop's endpoint. It checks every signature, keeps books, and fails now and then, on
 * purpose. `GET /books` shows a summary of the books.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { secret, gonePaths = [], host = '127.0.0.1', port = 0 } = options;
  const webhook = new Webhook(secret);
  const books = new ReceiverBooks();
  const closing = new AbortController();
  // Every request under way listens to it.
  setMaxListeners(0, closing.signal);
  const server = createServer((request, response) => {
    // A sender that is killed breaks its connection at any point; that is expected here.
    receive(request, response).catch(() => response.destroy());
  });
  // Longer than any pause of the sender. When a connection ends just as the sender uses it again,
  // that looks like a failure.
  server.keepAliveTimeout = 60_000;
  server.on('connection', () => {
    books.connections += 1;
  });

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/books') return answerBooks(response, books);
    if (request.method === 'GET' && request.url === '/livez') return answer(response, 200, 'live');
    const body = await readBody(request);
    const headers = request.headers as Record<string, string>;
    const id = headers['webhook-id'] ?? '';
    try {
      webhook.verify(body, headers);
    } catch {
      books.forged += 1;
      return answer(response, 401, 'the signature is not valid');
    }
    if (gonePaths.includes(request.url ?? '')) {
      books.gone.add(id);
      return answer(response, 410, 'this endpoint was switched off');
    }

    const sender = headers['user-agent'] ?? '';
    const first = books.bring(id, sender);
    const mischief = first && options.mischief !== false ? mischiefFor(id) : 'none';
    await sleep(latencyFor(id), undefined, { signal: closing.signal });
    books.mischief[mischief] += 1;
    if (mischief === 'error') return answer(response, 500, 'out of luck');
    if (mischief === 'busy') return answer(response, 503, 'busy', { 'retry-after': '1' });
    if (mischief === 'none' || mischief === 'answer lost') {
      // Accepted even when the sender has gone: a real receiver has stored the event by now.
      books.accept(id, {
        sender,
        from: request.socket.remoteAddress ?? '',
        attempt: Number(headers['x-delivery-attempt']),
        answerLost: mischief === 'answer lost',
      });
    }
    if (mischief === 'none') return answer(response, 204);
    request.socket.resetAndDestroy();
  }

  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    books,
    async close() {
      closing.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new Error('the body is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function answer(response: ServerResponse, status: number, text?: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, text === undefined ? headers : { ...headers, 'content-type': 'text/plain' }).end(text);
}

function answerBooks(response: ServerResponse, books: ReceiverBooks): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(summarizeBooks(books))}\n`);
}
