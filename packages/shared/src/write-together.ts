import type { Redis } from 'ioredis';

/** The sockets that hold back what is written to them, by their connection. */
const holding = new WeakMap<Redis, Held>();

/** So many writes go at once, and no more: Redis works on them while we make the next. All at once, each would wait for the other. */
const MOST_TOGETHER = 8;

interface Held {
  readonly stream: Corkable;
  /** Writes held back. */
  count: number;
}

interface Corkable {
  readonly writableLength: number;
  write(...args: unknown[]): boolean;
  cork(): void;
  uncork(): void;
}

/**
 * Makes a connection send what is written in one turn of the event loop in one go. Replies come together, and what they set off is written together: a call to the system for each of
 * fifty commands costs more than all else that is done for them, here and in Redis.
 */
export function writeTogether(redis: Redis): void {
  redis.on('connect', () => {
    const stream = redis.stream as unknown as Corkable;
    const held: Held = { stream, count: 0 };
    holding.set(redis, held);
    const write = stream.write.bind(stream);
    stream.write = (...args) => {
      if (held.count === 0) {
        stream.cork();
        // Runs when all promises that are settled by now have run.
        process.nextTick(release, held);
      }
      held.count += 1;
      const more = write(...args);
      if (held.count >= MOST_TOGETHER) release(held);
      return more;
    };
  });
}

function release(held: Held): void {
  if (held.count === 0) return;
  held.count = 0;
  held.stream.uncork();
}

/**
 * Sends what was written so far at once: for words that must be out before anything else happens here.
 * @returns whether the system has taken all of it; what it has not is lost when this process is killed
 */
export function sendNow(redis: Redis): boolean {
  const held = holding.get(redis);
  if (held === undefined) return false;
  release(held);
  return held.stream.writableLength === 0;
}
