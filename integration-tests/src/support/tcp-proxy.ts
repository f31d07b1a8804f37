import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What the proxy does with the traffic. */
export type ProxyMode =
  | 'forward'
  /** Takes connections and bytes and answers nothing: a network that swallows everything. */
  | 'black-hole'
  /**
   * Passes requests on, keeps the replies, and closes the connection when a reply comes: a reply is
   * lost on its way.
   */
  | 'lose-replies';

/** A TCP proxy in front of Redis that can make the network misbehave. */
export class TcpProxy {
  mode: ProxyMode = 'forward';
  /** By how much each reply is delayed, in milliseconds. */
  delayMs = 0;
  /** How many replies were lost. */
  lost = 0;
  readonly #server = createServer((client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  readonly #toRedis = new Set<Socket>();
  /** Set while the next reply has to be cut. */
  #replyCut: { readonly share: number; readonly done: (cut: boolean) => void } | undefined;
  /**
   * A request with this text gets no reply, and neither does any later request on its connection.
   */
  #unanswered: string | undefined;
  readonly #target: { host: string; port: number };

  constructor(redisUrl: string) {
    const { hostname, port } = new URL(redisUrl);
    this.#target = { host: hostname, port: Number(port) };
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The ports from which it is connected to Redis, as Redis sees them. */
  get ports(): number[] {
    return [...this.#toRedis].flatMap(({ localPort }) => localPort ?? []);
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Lets this share of the next reply through and then cuts its connection. Answers whether a reply
   * came before `heal` was called.
   */
  cutInReply(share: number): Promise<boolean> {
    this.heal();
    return new Promise((resolve) => {
      this.#replyCut = { share, done: resolve };
    });
  }

  /**
   * Sends no more replies on a connection that has sent a request with this text. Requests are
   * passed on.
   */
  keepRepliesTo(text: string): void {
    this.#unanswered = text;
  }

  /** Forwards everything from now on. */
  heal(): void {
    this.mode = 'forward';
    this.#unanswered = undefined;
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
    const redis = connect(this.#target);
    this.#toRedis.add(redis);
    for (const socket of [client, redis]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#toRedis.delete(redis);
        client.destroy();
        redis.destroy();
      });
    }
    let mute = false;
    // A connection that has lost bytes is of no use any more: TCP leaves no gap in what it delivers.
    let hasGap = false;
    const isSwallowed = (): boolean => {
      if (this.mode === 'black-hole') hasGap = true;
      else if (hasGap) client.destroy();
      return hasGap;
    };
    client.on('data', (part) => {
      mute ||= this.#unanswered !== undefined && part.includes(this.#unanswered);
      if (!isSwallowed()) redis.write(part);
    });
    redis.on('data', (part) => {
      if (mute || isSwallowed()) return;
      if (this.#replyCut !== undefined) this.#cutWithin(part, client, redis);
      else if (this.mode === 'forward' && this.delayMs > 0) setTimeout(() => client.write(part), this.delayMs);
      else if (this.mode === 'forward') client.write(part);
      else if (this.mode === 'lose-replies') {
        this.lost += 1;
        client.destroy();
      }
    });
  }

  #cutWithin(reply: Buffer, client: Socket, redis: Socket): void {
    const through = reply.subarray(0, Math.floor(reply.length * (this.#replyCut?.share ?? 0)));
    // `end` and not `destroy`: what came through must arrive, or the cut would come before the
    // reply.
    client.end(through, () => client.destroy());
    redis.destroy();
    this.#replyCut?.done(true);
    this.#replyCut = undefined;
  }
}
