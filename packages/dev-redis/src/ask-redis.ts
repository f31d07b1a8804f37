import { Redis } from 'ioredis';
import { briefly } from './errors.js';
import { within } from './within.js';

/** What a Redis says about itself. */
export interface RedisFacts {
  /** `7.0.15`; undefined where INFO is not allowed. */
  readonly version: string | undefined;
  /** Where it keeps its data; undefined where CONFIG is not allowed. */
  readonly dataFolder: string | undefined;
}

/**
 * Asks the Redis at `url` who it is, connecting again until it answers, the limit has passed or
 * `unless` has settled.
 */
export async function askRedis(url: string, limitMs: number, unless?: Promise<unknown>): Promise<RedisFacts> {
  let connectionError: unknown;
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 25 });
  client.on('error', (error) => {
    connectionError = error;
  });
  try {
    // Disconnecting alone would not end the wait: a client between two connections leaves its
    // commands pending for ever.
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

/** Valkey reports the Redis version it is compatible with beside its own. */
function preferValkey(info: string): string {
  return info.includes('valkey_version:') ? info.replace(/^redis_version:.*$/m, '') : info;
}
