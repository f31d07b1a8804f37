import { MAX_SKEW_MS, RedisClock, showSkew } from '@bullpen/shared/internal';
import type { Producer } from '../producer.js';

/**
 * Warns on stderr when the clock of this host is off by a second or more. Call it after a command
 * that was given an instant: somebody may have computed the instant on this host.
 */
export async function warnOfSkew(producer: Pick<Producer, 'time'>): Promise<void> {
  const clock = new RedisClock(() => producer.time());
  // The command has done its work. It does not fail for a warning.
  await clock.sync().catch(() => undefined);
  const { skewMs = 0 } = clock;
  if (Math.abs(skewMs) < MAX_SKEW_MS) return;
  const advice = 'an instant that was computed on this host is off by as much; set the clocks of both hosts by NTP';
  process.stderr.write(`warning: ${showSkew(skewMs)}; ${advice}\n`);
}
