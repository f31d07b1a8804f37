import { setTimeout as sleep } from 'node:timers/promises';
import { BatchStopped, EnqueueStopped } from '@bullpen/producer';
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
      const isStop = error instanceof EnqueueStopped || error instanceof BatchStopped;
      const cause: unknown = isStop ? error.cause : error;
      if (!hasCode(cause, 'BULLPEN_REDIS_UNAVAILABLE')) throw error;
      failed(cause);
      await sleep(REFUSED_PAUSE_MS);
    }
  }
}
