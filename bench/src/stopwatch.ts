import { openRedis, type Redis } from '@bullpen/shared/internal';

/** What a contender did: how many rows, in which time, and what they cost Redis. */
export interface Timed {
  readonly rows: number;
  readonly ms: number;
  /** User and system time of the contender's own process, for all the rows. */
  readonly ownCpuUs: number;
  /** User and system time of the Redis process, for all the rows. */
  readonly redisCpuUs: number;
}

/**
 * Times one contender, and reads what Redis spent on it, over a connection that is not the
 * contender's.
 */
export class Stopwatch {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Connects before anything is timed. */
  static async open(url: string): Promise<Stopwatch> {
    const redis = openRedis(url, 'worker', 'bench:stopwatch');
    await redis.ping();
    return new Stopwatch(redis);
  }

  /** Times a piece of work from its start until it resolves. */
  async time(rows: number, work: () => Promise<unknown>): Promise<Timed> {
    const cpuBefore = await this.#redisCpuUs();
    const ownBefore = process.cpuUsage();
    const startedAt = performance.now();
    await work();
    const ms = performance.now() - startedAt;
    const ownCpuUs = cpuUsSince(ownBefore);
    return { rows, ms, ownCpuUs, redisCpuUs: (await this.#redisCpuUs()) - cpuBefore };
  }

  /**
   * Times a worker when it is warm: from the row after the first tenth to the last. It does not
   * measure how long the worker takes to start, nor how long Node takes to compile it, as a worker
   * runs for days. `start` starts it, and its handler must call `count` for each row.
   */
  async timeWorker(rows: number, start: (count: () => void) => unknown): Promise<Timed> {
    const warmUp = Math.ceil(rows / 10);
    const warm = { at: 0, own: process.cpuUsage(), redis: Promise.resolve(0) };
    const [ms, ownCpuUs] = await new Promise<[number, number]>((resolve, reject) => {
      let counted = 0;
      const count = (): void => {
        counted += 1;
        if (counted === warmUp) {
          Object.assign(warm, { at: performance.now(), own: process.cpuUsage(), redis: this.#redisCpuUs() });
        }
        if (counted === rows) resolve([performance.now() - warm.at, cpuUsSince(warm.own)]);
      };
      Promise.resolve(start(count)).catch(reject);
    });
    return { rows: rows - warmUp, ms, ownCpuUs, redisCpuUs: (await this.#redisCpuUs()) - (await warm.redis) };
  }

  async #redisCpuUs(): Promise<number> {
    const info = await this.#redis.info('cpu');
    const seconds = (field: string): number => Number(new RegExp(`^${field}:([0-9.]+)`, 'm').exec(info)?.[1]);
    return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
  }
}

function cpuUsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
