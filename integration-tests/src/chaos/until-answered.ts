import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, type RedisUnavailable } from '@bullpen/shared';

const REFUSED_PAUSE_MS = 100;

/** Makes a call again until Redis answers it. */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  failed: (error: RedisUnavailable) => void = () => undefined,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!hasCode(error, 'BULLPEN_REDIS_UNAVAILABLE')) throw error;
      failed(error);
      await sleep(REFUSED_PAUSE_MS);
    }
  }
}
