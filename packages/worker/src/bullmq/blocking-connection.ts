import type { Redis } from '@bullpen/shared/internal';
import { pause } from '../redis/pause.js';
import type { SideConnection, SideConnections } from '../redis/side-connections.js';

/**
 * How long a wait without its connection takes, in milliseconds. The loop asks for jobs on the main
 * connection after each wait, so this is how often it does.
 */
const WITHOUT_CONNECTION_MS = 500;

/**
 * The connection on which a worker waits for jobs of one queue. A command that blocks needs a
 * connection of its own. Without one the worker goes on, and looks for jobs twice a second.
 *
 * BullMQ would keep the command until the connection is back, and look for no job until then.
 */
export class BlockingConnection {
  readonly #redis: ReturnType<Redis['duplicate']>;
  readonly #watched: SideConnection;
  #isClosed = false;
  #stopWaiting: () => void = () => undefined;
  /** Resolves when the connection is open for the first time, or closed. */
  readonly ready: Promise<void>;

  /** @param name what `CLIENT LIST` shows */
  constructor(main: Redis, queue: string, name: string, connections: SideConnections) {
    this.#redis = main.duplicate({
      connectionName: name,
      // A command fails when its connection does. It is not kept for the next one.
      ...{ maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    });
    this.#watched = connections.watch(this.#redis, `waits for jobs of queue '${queue}'`);
    this.ready = new Promise((resolve) => {
      this.#stopWaiting = resolve;
      this.#redis.once('ready', resolve);
    });
  }

  /**
   * Waits until the queue has a job, or for so many seconds.
   * @returns what BullMQ keeps in the marker; `null` when the time is up, or when the connection is
   *   away
   * @throws when it is closed
   */
  async wait(marker: string, seconds: number): Promise<{ member: string; score: number } | null> {
    try {
      const found = await this.#redis.bzpopmin(marker, seconds);
      this.#watched.accepted();
      return found === null ? null : { member: found[1] as string, score: Number.parseInt(String(found[2]), 10) };
    } catch (error) {
      this.#watched.failed(error);
      if (!this.#isClosed) await pause(WITHOUT_CONNECTION_MS);
      if (this.#isClosed) throw new Error('Connection is closed.', { cause: error });
      return null;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watched.close();
    this.#redis.disconnect();
    this.#stopWaiting();
  }
}
