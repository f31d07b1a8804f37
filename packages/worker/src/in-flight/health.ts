import type { Redis } from '@bullpen/shared/internal';
import type { Outage } from '../redis/outage.js';
import type { ActiveAttempts } from './active-attempts.js';

/** How a worker is. */
export interface Health {
  /**
   * Whether it is of any use; when not, only a restart helps: all slots of one of its queues are
   * stuck.
   */
  readonly live: boolean;
  /** Whether it takes jobs now: connected, fetching, not draining. */
  readonly ready: boolean;
  /** Whether Redis answers, and takes what it is told. */
  readonly connected: boolean;
  /** Whether it takes no more jobs and finishes those it has. */
  readonly draining: boolean;
  /** What keeps it from being live or ready, in words for people. Empty when nothing does. */
  readonly problems: readonly string[];
  /** Attempts past their deadline that are still running; each keeps a slot. */
  readonly stuck: readonly { readonly job: string; readonly jobId: string; readonly queue: string }[];
}

/** What {@link healthOf} looks at. */
export interface HealthDeps {
  readonly active: ActiveAttempts;
  readonly serves: readonly { readonly queue: string; readonly concurrency: number }[];
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly redis: Redis;
  readonly outage: Outage;
}

/** Takes the pulse of a worker. */
export function healthOf({ active, serves, isReady, isDraining, redis, outage }: HealthDeps): Health {
  const stuck = active.stuck().map(({ job, jobId, queue }) => ({ job, jobId, queue }));
  const dead = serves.filter(({ queue, concurrency }) => active.slotsOf(queue).stuck >= concurrency);
  const problems = dead.map(({ queue, concurrency }) => `all ${concurrency} slots of queue '${queue}' are stuck`);
  const connected = redis.status === 'ready' && !outage.present;
  if (!connected) problems.push('redis is unavailable');
  if (isDraining) problems.push('the worker is draining');
  else if (!isReady) problems.push('the worker is starting');
  const [live, ready] = [dead.length === 0, problems.length === 0];
  return { live, ready, connected, draining: isDraining, problems, stuck };
}
