import { isConnectionLoss, type Redis, reasonOf, refusesUs } from '@bullpen/shared/internal';
import { type Deadline, Deadlines } from './deadlines.js';

const NO_SUCH_DATABASE = /^ERR (DB index is out of range|invalid DB index)/;

/** Whether Redis refuses us for a reason that does not go away by waiting. */
export const isRefusal = (error: unknown): boolean => refusesUs(error) || NO_SUCH_DATABASE.test(reasonOf(error));

/** A call that waits for the connection. */
interface Waiting {
  /** The last error of the connection. */
  last: unknown;
  /** Whether the connection was opened again for this call. */
  hasConnected: boolean;
  readonly finish: () => void;
}

/** One connection of the client, until it is lost. */
export type Link = Redis['stream'];

/**
 * The connection that all calls of a producer share. However many calls wait for it, it has one
 * listener for each event; and however many calls find that it does not answer, it is ended once.
 */
export class SharedConnection {
  readonly redis: Redis;
  readonly deadlines = new Deadlines();
  readonly #waiting = new Set<Waiting>();
  #isClosed = false;

  constructor(redis: Redis) {
    this.redis = redis;
  }

  /** What a command that is sent now goes over. */
  get link(): Link {
    return this.redis.stream;
  }

  /**
   * Ends a link that does not answer; the client then opens another. Not one that has ended: a call
   * whose time is up later must not cut the link that came after it.
   */
  end(link: Link): void {
    if (link === this.redis.stream && !link.writableEnded && !link.destroyed) this.redis.disconnect(true);
  }

  /** Ends the connection. Nothing opens it again: it would keep the process alive. */
  close(): void {
    this.#isClosed = true;
    this.deadlines.close();
    this.redis.disconnect();
  }

  /**
   * Waits until the connection is ready, Redis refuses us, or the time is up. Returns the last error
   * of the connection, if there was one.
   */
  untilReady(deadline: Deadline): Promise<unknown> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        last: undefined,
        hasConnected: false,
        finish: () => {
          this.#waiting.delete(waiting);
          if (this.#waiting.size === 0) this.#stopListening();
          resolve(waiting.last);
        },
      };
      deadline.onPassed = waiting.finish;
      if (this.#waiting.size === 0) this.#listen();
      this.#waiting.add(waiting);
      if (this.redis.status === 'ready') waiting.finish();
      else if (this.redis.status === 'end' || this.redis.status === 'wait') this.#connect();
    });
  }

  readonly #onReady = (): void => {
    for (const { finish } of [...this.#waiting]) finish();
  };

  readonly #onError = (error: unknown): void => {
    for (const waiting of [...this.#waiting]) {
      // A server that refuses a client hangs up. What it said is the reason, and not that it did.
      if (waiting.last === undefined || !isConnectionLoss(error)) waiting.last = error;
      if (isRefusal(error)) waiting.finish();
    }
  };

  /**
   * The client ends a connection that Redis refused. It is opened again for the calls that wait,
   * also when it was just about to end as they came. Once for each: when Redis refuses us in words
   * that we do not know, the connection would end again and again.
   */
  readonly #onEnd = (): void => {
    const calls = [...this.#waiting].filter(({ hasConnected }) => !hasConnected);
    for (const waiting of calls) waiting.hasConnected = true;
    if (calls.length > 0) this.#connect();
  };

  #connect(): void {
    if (this.#isClosed) return;
    this.redis.connect().catch(this.#onError);
  }

  #listen(): void {
    this.redis.on('ready', this.#onReady).on('error', this.#onError).on('end', this.#onEnd);
  }

  #stopListening(): void {
    this.redis.off('ready', this.#onReady).off('error', this.#onError).off('end', this.#onEnd);
  }
}
