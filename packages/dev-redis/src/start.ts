import { installAdvice } from './advice.js';
import {
  type DevRedis,
  type DevRedisOptions,
  type DevRedisWay,
  devRedisWays,
  type Note,
  type WayResult,
} from './dev-redis.js';
import { type Environment, readEnvironment } from './environment.js';
import { DevRedisUnavailable, type FailedWay } from './errors.js';
import { readOsRelease } from './os-release.js';
import { startWithApt } from './ways/apt.js';
import { startInDocker } from './ways/docker.js';
import { startFromPath } from './ways/path.js';
import { connectToUrl, showUrl } from './ways/url.js';

const startBy: Record<DevRedisWay, (environment: Environment, note: Note) => Promise<WayResult>> = {
  url: connectToUrl,
  path: startFromPath,
  docker: startInDocker,
  apt: startWithApt,
};

const OPTIONS: readonly string[] = ['order', 'onNote'] satisfies (keyof DevRedisOptions)[];

/**
 * Starts a private, real Redis, or uses the one that REDIS_URL names: the first way that works
 * wins. The Redis stops with the calling process, however that ends, and does not keep it alive.
 * @example
 * const redis = await startDevRedis();
 * console.log(redis.url); // redis://127.0.0.1:40123
 * await redis.stop();
 * @throws DevRedisUnavailable when no way works; its message says why for each of them, and what to
 *   install; TypeError when `order` names no way, or an unknown one
 */
export async function startDevRedis(options: DevRedisOptions = {}): Promise<DevRedis> {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name))
      throw new TypeError(`${name}: is no option of startDevRedis. It has: ${OPTIONS.join(', ')}.`);
  }
  const order = checkOrder(options.order ?? devRedisWays);
  const onNote = options.onNote ?? ((line) => void process.stderr.write(`${line}\n`));
  const note: Note = (text) => onNote(`dev-redis: ${text}`);
  const environment = readEnvironment();

  const tried: FailedWay[] = [];
  for (const way of order) {
    const result = await startBy[way](environment, note);
    if ('redis' in result) {
      note(`${result.redis.description} at ${showUrl(result.redis.url)}`);
      return result.redis;
    }
    tried.push({ way, reason: result.reason });
    if (result.tell) note(`${way}: ${result.reason}`);
  }
  throw new DevRedisUnavailable(tried, installAdvice(process.platform, await readOsRelease()));
}

function checkOrder(order: readonly DevRedisWay[]): readonly DevRedisWay[] {
  if (order.length === 0) throw new TypeError('order: expected at least one way');
  for (const way of order) {
    if (!devRedisWays.includes(way))
      throw new TypeError(`order: expected ${devRedisWays.join(', ')}, got ${String(way)}`);
  }
  return order;
}
