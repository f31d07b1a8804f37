import { Redis } from 'ioredis';
import { briefly } from './errors.js';
import { within } from './within.js';

/** Facts that a Redis tells about itself. */
export interface RedisFacts {
  /** `7.0.15`; `undefined` when INFO is not allowed. */
  readonly version: string | undefined;
  /** The folder of its data; `undefined` when CONFIG is not allowed. */
  readonly dataFolder: string | undefined;
}

/**
 * Asks the Redis at `url` for facts about itself. Connects again until Redis answers, the time
 * limit has passed, or `unless` has settled.
 * @throws Error with the reasons when Redis did not answer
 */
export async function askRedis(url: string, limitMs: number, unless?: Promise<unknown>): Promise<RedisFacts> {
  let connectionError: unknown;
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 25 });
  client.on('error', (error) => {
    connectionError = error;
  });
  try {
    // The wait needs its own limit: when a client is between two connections, disconnecting it
    // leaves its commands pending without end.
    return await within(limitMs, 'answering', readFacts(client), unless);
  } catch (error) {
    const reasons = [error, connectionError].filter((reason) => reason !== undefined).map(briefly);
    throw new Error([...new Set(reasons)].join(': '), { cause: error });
  } finally {
    client.disconnect();
  }
}

async function readFacts(client: Redis): Promise<RedisFacts> {
  await client.ping();
  const info = await client.info('server').catch(() => '');
  const dir = await client.config('GET', 'dir').catch(() => undefined);
  return {
    version: /^(?:valkey|redis)_version:(\S+)/m.exec(preferValkey(info))?.[1],
    dataFolder: Array.isArray(dir) && typeof dir[1] === 'string' ? dir[1] : undefined,
  };
}

/** Valkey also reports the version of Redis with which it is compatible; removes that one. */
function preferValkey(info: string): string {
  return info.includes('valkey_version:') ? info.replace(/^redis_version:.*$/m, '') : info;
}
