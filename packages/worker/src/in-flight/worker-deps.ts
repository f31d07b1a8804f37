import type { Logger } from '@bullpen/shared';
import type { RedisClock } from '@bullpen/shared/internal';
import type { RunInContext } from '../attempt/async-context.js';
import type { Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { Outage } from '../redis/outage.js';
import type { SideConnections } from '../redis/side-connections.js';
import type { ActiveAttempts } from './active-attempts.js';
import type { Cancellations } from './cancellations.js';
import type { FetchAhead } from './fetch-ahead.js';
import type { Leases } from './leases.js';
import type { Progress } from './progress.js';
import type { QueueSettings } from './queue-settings.js';
import type { Recorder } from './recorder.js';
import type { Retention } from './retention.js';
import type { StallCheck } from './stall-check.js';
import type { Trials } from './trials.js';

/** What all queues of one worker share. */
export interface WorkerDeps {
  /** The name under which it fetches, on Redis and in dashboards. No other worker has it. */
  readonly name: string;
  readonly prefix: string;
  readonly redis: ScriptedRedis;
  readonly clock: RedisClock;
  readonly progress: Progress;
  /** Runs code of the team in the context in which the worker was started. */
  readonly inContext: RunInContext;
  readonly active: ActiveAttempts;
  readonly leases: Leases;
  readonly recorder: Recorder;
  readonly trials: Trials;
  readonly outage: Outage;
  readonly connections: SideConnections;
  readonly cancellations: Cancellations;
  readonly log: Logger;
  readonly observers: Observers;
  readonly leaseMs: number;
  readonly settings: QueueSettings;
  readonly retention: Retention;
  readonly stallCheck: StallCheck;
  /** How much may be fetched ahead; `undefined`: nothing. */
  readonly fetchAhead: FetchAhead | undefined;
}
