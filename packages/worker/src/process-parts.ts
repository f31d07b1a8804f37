import type { Logger } from '@bullpen/shared';
import type { ActiveAttempts } from './active-attempts.js';
import type { Books } from './books.js';
import type { Cancellations } from './cancellations.js';
import type { Leases } from './leases.js';
import type { Observers } from './observers.js';
import type { Outage } from './outage.js';
import type { Recorder } from './recorder.js';
import type { ScriptedRedis } from './scripted-redis.js';

/** What the workers of all queues of one process share. */
export interface ProcessParts {
  readonly prefix: string;
  readonly redis: ScriptedRedis;
  readonly books: Books;
  readonly active: ActiveAttempts;
  readonly leases: Leases;
  readonly recorder: Recorder;
  readonly outage: Outage;
  readonly cancellations: Cancellations;
  readonly log: Logger;
  readonly observers: Observers;
  readonly leaseMs: number;
  readonly keepCompleted: { readonly count: number; readonly age: number };
}
