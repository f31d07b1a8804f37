import type { QueueCounts } from '@bullpen/shared';
import type { ExitReason } from '../chaos/life.js';
import type { RowLine } from './handlers.js';
import type { ProducerEnd } from './producer-seat.js';
import type { RowPlan } from './rows.js';
import type { Scenario } from './scenario.js';
import type { Outage } from './trouble.js';

/** Everything that is known of a run when it is over. The rules judge by this alone. */
export interface Facts {
  readonly scenario: Scenario;
  readonly rowsPerJob: number;
  readonly plan: RowPlan;
  readonly producers: readonly ProducerEnd[];
  readonly workers: readonly ExitReason[];
  readonly outages: readonly Outage[];
  readonly ledger: readonly RowLine[];
  readonly stored: Stored;
  /** Why the run did not come to rest; undefined when it did. */
  readonly restless: string | undefined;
}

/** What Redis holds when all is settled. */
export interface Stored {
  readonly books: Readonly<Record<string, string>>;
  /** The fate of each row, the first at 0. */
  readonly fates: readonly number[];
  /** How many rows have a record of their failure. */
  readonly failures: number;
  /** The ids of all jobs that were ever added, from the events in which they became active. */
  readonly addedIds: readonly string[];
  /** When rows left a shared job for a job of their own, by row. */
  readonly splitAt: ReadonlyMap<number, number>;
  /** How many jobs BullMQ's own counter says were added. */
  readonly addedJobs: number;
  readonly counts: QueueCounts;
  /** Every key of the queue, without its beginning. */
  readonly keys: readonly string[];
  /** The same when the books should have expired; undefined where that is not waited for. */
  readonly keysLater: readonly string[] | undefined;
}
