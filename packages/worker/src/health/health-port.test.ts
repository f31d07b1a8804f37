import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { well } from '../../test/well.js';
import { type HealthPort, type HealthSource, openHealthPort } from './health-port.js';

/** An open port whose answers follow `worker.health`. */
async function opened(clientTimeoutMs?: number, more: Partial<HealthSource> = {}) {
  const worker = { health: well };
  const source: HealthSource = { health: () => worker.health, metrics: () => new Registry(), ...more };
  const port = await openHealthPort({ port: 0, host: '127.0.0.1' }, source, clientTimeoutMs);
  onTestFinished(() => port.close());
  return {
    worker,
    port,
    ask: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port.port}${path}`, init),
  };
}

/** Sends `text` on a new connection and returns what came back until the connection closed. */
async function sent({ port }: HealthPort, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  socket.on('data', (part) => (got += String(part)));
  // A connection may be reset instead of closed.
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return got;
}

describe('the health port', () => {
  it('answers ok when all is well', async () => {
    const { ask } = await opened();
    for (const path of ['/livez', '/readyz', '/readyz?verbose']) {
      const answer = await ask(path);
      expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('answers with one line per problem; a worker that is not ready may still be live', async () => {
    const { ask, worker } = await opened();
    worker.health = { ...well, ready: false, problems: ['redis is unavailable', 'the worker is draining'] };
    expect((await ask('/livez')).status).toBe(200);
    const ready = await ask('/readyz');
    expect([ready.status, await ready.text()]).toEqual([503, 'redis is unavailable\nthe worker is draining\n']);
    worker.health = { ...well, live: false, ready: false, problems: ["all 2 slots of queue 'mail' are stuck"] };
    const live = await ask('/livez');
    expect([live.status, await live.text()]).toEqual([503, "all 2 slots of queue 'mail' are stuck\n"]);
  });

  it('serves metrics in the format of Prometheus', async () => {
    const { ask } = await opened(undefined, {
      metrics: () => ({ contentType: Registry.PROMETHEUS_CONTENT_TYPE, metrics: async () => 'up 1\n' }),
    });
    const answer = await ask('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect([answer.status, await answer.text()]).toEqual([200, 'up 1\n']);
  });

  it('answers HEAD like GET, without a body', async () => {
    const { ask, worker } = await opened();
    worker.health = { ...well, ready: false, problems: ['the worker is starting'] };
    const statuses = await Promise.all(
      ['/livez', '/readyz', '/metrics'].map(async (path) => {
        const answer = await ask(path, { method: 'HEAD' });
        return [answer.status, await answer.text()];
      }),
    );
    expect(statuses).toEqual([
      [200, ''],
      [503, ''],
      [200, ''],
    ]);
  });

  it('answers 404 to every other path and method', async () => {
    const { ask } = await opened();
    const answers = await Promise.all([
      ...['/', '/livez/', '/metrics/x', '/..%2f..%2fetc/passwd', '/%zz', '//', '/constructor'].map((path) => ask(path)),
      ...['POST', 'PUT', 'DELETE', 'OPTIONS'].map((method) => ask('/livez', { method })),
      ask('/metrics', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }),
    ]);
    for (const answer of answers) {
      expect([answer.status, await answer.text()]).toEqual([
        404,
        'not found; there are /livez, /readyz and /metrics\n',
      ]);
    }
  });

  it('answers 500 when the metrics cannot be read, and goes on serving', async () => {
    const { ask } = await opened(undefined, {
      metrics: () => ({
        contentType: Registry.PROMETHEUS_CONTENT_TYPE,
        metrics: () => Promise.reject(new Error('no')),
      }),
    });
    const answer = await ask('/metrics');
    expect([answer.status, await answer.text()]).toEqual([500, 'the request could not be answered\n']);
    expect((await ask('/livez')).status).toBe(200);
  });

  it('disconnects a client that sends its request too slowly, and refuses one that is too long', async () => {
    const { port, ask } = await opened(200);
    const [silent, slow] = await Promise.all([
      sent(port, ''),
      sent(port, 'GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    ]);
    expect(silent).not.toContain('200');
    expect(slow).not.toContain('200');
    expect(await sent(port, `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(9_000)}`)).toContain(' 431 ');
    expect((await ask('/livez')).status).toBe(200);
  });

  it('closes at once, also connections that are kept alive or in the middle of a request', async () => {
    const { port } = await opened(120_000);
    const asking = sent(port, 'GET /livez HTTP/1.1\r\nX-Slow: ');
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const answer = await new Promise<IncomingMessage>((resolve) =>
      get({ port: port.port, path: '/livez', agent }, resolve),
    );
    const closed = once(answer.socket, 'close');
    answer.resume();
    await once(answer, 'end');
    await port.close();
    await closed;
    expect(await asking).toBe('');
    await port.close();
  });

  it('says why it cannot be opened', async () => {
    const { port } = await opened();
    const source: HealthSource = { health: () => well, metrics: () => new Registry() };
    await expect(openHealthPort({ port: port.port, host: '127.0.0.1' }, source)).rejects.toMatchObject({
      code: 'BULLPEN_OPTIONS_INVALID',
      message: `cannot open the health port: port: port ${port.port} of 127.0.0.1 is in use by another process; choose another`,
    });
    await expect(openHealthPort({ port: 0, host: '192.0.2.1' }, source)).rejects.toMatchObject({
      message: 'cannot open the health port: host: this machine does not have the address 192.0.2.1',
    });
  });
});
