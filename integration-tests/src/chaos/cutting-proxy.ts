import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of Redis whose connections can be cut: all of them, or one in the middle of a reply. */
export class CuttingProxy {
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  /** Set while the next reply is to be cut. */
  #replyCut: { readonly share: number; readonly done: (cut: boolean) => void } | undefined;

  constructor(redisPort: number) {
    this.#port = redisPort;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets this share of the next reply through and cuts its connection then. Answers whether there was one before `heal` was called. */
  cutInReply(share: number): Promise<boolean> {
    this.heal();
    return new Promise((resolve) => {
      this.#replyCut = { share, done: resolve };
    });
  }

  /** Forwards from now on. */
  heal(): void {
    this.#replyCut?.done(false);
    this.#replyCut = undefined;
  }

  async close(): Promise<void> {
    this.heal();
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const redis = connect({ host: '127.0.0.1', port: this.#port });
    for (const socket of [client, redis]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
    client.on('data', (part) => redis.write(part));
    redis.on('data', (part) => {
      if (this.#replyCut === undefined) {
        client.write(part);
        return;
      }
      const through = part.subarray(0, Math.floor(part.length * this.#replyCut.share));
      // `end` and not `destroy`: what came through must really arrive, or this would be a cut before the reply.
      client.end(through, () => client.destroy());
      redis.destroy();
      this.#replyCut.done(true);
      this.#replyCut = undefined;
    });
  }
}
