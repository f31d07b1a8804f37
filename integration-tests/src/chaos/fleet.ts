import type { Redis } from '@bullpen/shared/internal';
import type { RedisServer } from '../support/redis-server.js';
import type { ProducerSlot } from './producer-slot.js';
import type { WorkerSlot } from './worker-slot.js';

/** What faults are injected into. */
export interface Fleet {
  readonly redis: RedisServer;
  /** A connection that nothing is taken away from. */
  readonly admin: Redis;
  readonly producer: ProducerSlot;
  readonly workers: readonly WorkerSlot[];
  readonly prefix: string;
  /** The queues whose jobs have a priority: an insert of ours refuses to join jobs without. */
  readonly prioritized: ReadonlySet<string>;
  /** Where the ledger is. */
  readonly folder: string;
}
