import { openRedis, type Redis } from '@bullpen/shared/internal';

/** What a contender did: how many rows, in which time, and what they cost Redis. */
export interface Timed {
  readonly rows: number;
  readonly ms: number;
  /** User and system time of the contender's own process, for all the rows. */
  readonly ownCpuUs: number;
  /** User and system time of the Redis process, for all the rows. */
  readonly redisCpuUs: number;
  /** Commands that Redis carried out, those inside scripts included. */
  readonly commands: number;
  /** From the enqueue of a job until its handler begins, where that was measured. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** The commands between two readings that are a reading themselves. */
const OWN = 1;

/** Counters of Redis, read at one instant. */
interface Counters {
  readonly cpuUs: number;
  readonly commands: number;
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
    const before = this.#read();
    await before;
    const ownBefore = process.cpuUsage();
    const startedAt = performance.now();
    await work();
    const ms = performance.now() - startedAt;
    const ownCpuUs = cpuUsSince(ownBefore);
    return { rows, ms, ownCpuUs, ...(await this.#since(before)) };
  }

  /**
   * Times a worker when it is warm: from the row after the first tenth to the last. It does not
   * measure how long the worker takes to start, nor how long Node takes to compile it, as a worker
   * runs for days. `start` starts it, and its handler must call `count` for each row.
   */
  async timeWorker(rows: number, start: (count: () => void) => unknown): Promise<Timed> {
    const warmUp = Math.ceil(rows / 10);
    const warm = { at: 0, own: process.cpuUsage(), redis: this.#read() };
    const [ms, ownCpuUs] = await new Promise<[number, number]>((resolve, reject) => {
      let counted = 0;
      const count = (): void => {
        counted += 1;
        if (counted === warmUp) {
          Object.assign(warm, { at: performance.now(), own: process.cpuUsage(), redis: this.#read() });
        }
        if (counted === rows) resolve([performance.now() - warm.at, cpuUsSince(warm.own)]);
      };
      Promise.resolve(start(count)).catch(reject);
    });
    return { rows: rows - warmUp, ms, ownCpuUs, ...(await this.#since(warm.redis)) };
  }

  async #since(before: Promise<Counters>): Promise<{ redisCpuUs: number; commands: number }> {
    const [first, last] = [await before, await this.#read()];
    return { redisCpuUs: last.cpuUs - first.cpuUs, commands: last.commands - first.commands - OWN };
  }

  async #read(): Promise<Counters> {
    const info = await this.#redis.info();
    const read = (field: string): number => Number(new RegExp(`^${field}:([0-9.]+)`, 'm').exec(info)?.[1]);
    return {
      cpuUs: (read('used_cpu_user') + read('used_cpu_sys')) * 1e6,
      commands: read('total_commands_processed'),
    };
  }
}

function cpuUsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
