import { openRedis, type Redis } from '@bullpen/shared';
import type { Timed } from './task.js';

/** Times one contender, and reads what Redis spent on it, over a connection that is not the contender's. */
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
    const startedAt = performance.now();
    await work();
    const ms = performance.now() - startedAt;
    return { rows, ms, redisCpuUs: (await this.#redisCpuUs()) - cpuBefore };
  }

  /**
   * Times a worker from the first row to the last: how long it takes to start is not asked here. `start` starts it, and has its handler
   * call `count` for each row. Redis is watched from before the start, as it has begun to work when the first row arrives.
   */
  async timeWorker(rows: number, start: (count: () => void) => unknown): Promise<Timed> {
    const cpuBefore = await this.#redisCpuUs();
    const ms = await new Promise<number>((resolve, reject) => {
      let counted = 0;
      let firstAt = 0;
      const count = (): void => {
        if (counted === 0) firstAt = performance.now();
        counted += 1;
        if (counted === rows) resolve(performance.now() - firstAt);
      };
      Promise.resolve(start(count)).catch(reject);
    });
    // Of `rows` rows, one was there when the clock started: the time is scaled so that rows by time is the rate of the others.
    return { rows, ms: (ms * rows) / (rows - 1), redisCpuUs: (await this.#redisCpuUs()) - cpuBefore };
  }

  async #redisCpuUs(): Promise<number> {
    const info = await this.#redis.info('cpu');
    const seconds = (field: string): number => Number(new RegExp(`^${field}:([0-9.]+)`, 'm').exec(info)?.[1]);
    return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
  }
}
