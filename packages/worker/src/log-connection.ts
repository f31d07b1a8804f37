import type { Logger, Redis } from '@bullpen/shared';

/** One line when Redis goes and one when it comes back, however many commands fail in between. */
export function logConnection(redis: Redis, address: string, log: Logger): void {
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) log.warn({ redis: address, err: error }, 'redis is unavailable; retrying');
    away = true;
  });
  redis.on('close', () => {
    if (!away && redis.status !== 'end') log.warn({ redis: address }, 'redis connection was lost; retrying');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({ redis: address }, 'redis is available');
    away = false;
  });
}
