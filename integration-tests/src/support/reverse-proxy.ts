import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from './world.js';

/**
 * Puts a reverse proxy before a server: it passes one path on and answers all others itself.
 * Returns the new address.
 */
export async function behindProxy(world: World, { hostname, port, pathname }: URL): Promise<URL> {
  const proxy = createServer((from, to) => {
    if (!from.url?.startsWith(pathname)) return void to.writeHead(404).end('this is another application');
    const { url: path, method, headers } = from;
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.writeHead(502).end('<main>Bad gateway</main>'));
    from.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  world.onClose(async () => {
    proxy.closeAllConnections();
    await new Promise((closed) => proxy.close(closed));
  });
  return new URL(pathname, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
}
