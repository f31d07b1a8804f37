/**
 * A way to get a Redis: `url` is yours (REDIS_URL), `path` is a program on PATH, `docker` is a
 * container, `apt` is the distribution's own package, unpacked into your cache folder.
 */
export type DevRedisWay = 'url' | 'path' | 'docker' | 'apt';

/** The ways to get a Redis, in the order in which we try them. */
export const devRedisWays: readonly DevRedisWay[] = ['url', 'path', 'docker', 'apt'];

/** A Redis that answers. */
export interface DevRedis {
  /** The URL for clients. It may hold a password, so print `description` instead. */
  readonly url: string;
  /** The way that led to it. */
  readonly way: DevRedisWay;
  /** One line for people, for example `redis-server 7.0.15 from PATH (/usr/bin/redis-server)`. */
  readonly description: string;
  /**
   * Resolves when this Redis has ended, by `stop` or by itself. Never resolves for `url`: nobody
   * tells us when that one ends.
   */
  readonly exited: Promise<void>;
  /**
   * Stops Redis and removes its data; resolves when both are gone. Safe to call twice. Does nothing
   * to a `url`.
   */
  stop(): Promise<void>;
}

/** Options of {@link startDevRedis}. */
export interface DevRedisOptions {
  /** The ways to try; the first that works wins. Default: `url`, `path`, `docker`, `apt`. */
  readonly order?: readonly DevRedisWay[] | undefined;
  /** Receives each line meant for people. Default: writes it to stderr. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/**
 * The result of a way: a Redis, or the reason why there is none. `tell` is true when something was
 * there and did not work, so that people should know.
 */
export type WayResult = { readonly redis: DevRedis } | { readonly reason: string; readonly tell: boolean };

/** Tells people something while a way is tried. */
export type Note = (text: string) => void;
