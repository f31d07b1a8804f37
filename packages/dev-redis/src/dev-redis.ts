/** Where a Redis may come from, in the order in which we look. */
export const devRedisWays = ['url', 'path', 'docker', 'apt'] as const;

/**
 * Where a Redis came from: `url` is yours (REDIS_URL), `path` is a program on PATH, `docker` is a
 * container, `apt` is the distribution's own package, unpacked into your cache folder.
 */
export type DevRedisWay = (typeof devRedisWays)[number];

/** A Redis that answers. */
export interface DevRedis {
  /** What a client connects to. It may hold a password: print `description` instead. */
  readonly url: string;
  /** How it was found. */
  readonly way: DevRedisWay;
  /** One line for people, for example `redis-server 7.0.15 from PATH (/usr/bin/redis-server)`. */
  readonly description: string;
  /**
   * Resolves when this Redis has ended, asked for or not. Never for `url`, whose end is not ours to
   * see.
   */
  readonly exited: Promise<void>;
  /**
   * Ends Redis and removes its data; resolves when both are gone. Safe to call twice. Leaves a
   * `url` alone.
   */
  stop(): Promise<void>;
}

/** How to look for a Redis. */
export interface DevRedisOptions {
  /** The ways to try, first found wins. Default: `url`, `path`, `docker`, `apt`. */
  readonly order?: readonly DevRedisWay[];
  /** Receives each line meant for people. Default: writes it to stderr. */
  readonly onNote?: (line: string) => void;
}

/**
 * What a way answers: a Redis, or why it has none. `tell` = something was there and did not work,
 * so people should know.
 */
export type WayResult = { readonly redis: DevRedis } | { readonly reason: string; readonly tell: boolean };

/** Says something to people while a way is at work. */
export type Note = (text: string) => void;
