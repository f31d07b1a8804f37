import type { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import type { ActiveAttempts } from './active-attempts.js';

/** The health of a worker. */
export interface Health {
  /** False when all slots of one of its queues are stuck: then only a restart helps. */
  readonly live: boolean;
  /** Whether it takes jobs now: connected, fetching, not draining. */
  readonly ready: boolean;
  /** Whether Redis answers and takes our commands, on every connection. */
  readonly connected: boolean;
  /** Whether it takes no new jobs and finishes the active ones. */
  readonly draining: boolean;
  /** Why it is not live or not ready, in words for people. Empty when it is both. */
  readonly problems: readonly string[];
  /** Attempts that are past their deadline and still run. Each keeps a slot. */
  readonly stuck: readonly {
    /** The name of the job. */
    readonly job: string;
    /** Its id. */
    readonly jobId: string;
    /** Its queue. */
    readonly queue: string;
  }[];
}

/** What {@link healthOf} reads. */
export interface HealthDeps {
  readonly active: ActiveAttempts;
  readonly serves: readonly { readonly queue: string; readonly concurrency: number }[];
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly outage: Outage;
  readonly connections: Pick<SideConnections, 'missing'>;
}

/** Reads the health of a worker from its state. Asks nobody. */
export function healthOf({ active, serves, isReady, isDraining, outage, connections }: HealthDeps): Health {
  const stuck = active.stuck().map(({ job, jobId, queue }) => ({ job, jobId, queue }));
  const dead = serves.filter(({ queue, concurrency }) => active.slotsOf(queue).stuck >= concurrency);
  const problems = dead.map(({ queue, concurrency }) => `all ${concurrency} slots of queue '${queue}' are stuck`);
  const { missing } = connections;
  const connected = outage.isConnected && missing.length === 0;
  if (!outage.isConnected) problems.push('redis is unavailable');
  problems.push(...missing.map((does) => `redis is unavailable to the connection that ${does}`));
  if (isDraining) problems.push('the worker is draining');
  else if (!isReady) problems.push('the worker is starting');
  const [live, ready] = [dead.length === 0, problems.length === 0];
  return { live, ready, connected, draining: isDraining, problems, stuck };
}
