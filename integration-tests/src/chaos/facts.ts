import type { Fault } from './fault.js';
import type { LedgerLine } from './ledger.js';
import type { ExitReason } from './life.js';
import type { Wait } from './machine.js';
import type { JobKind, PlannedJob } from './plan.js';
import type { StoredJob } from './snapshot.js';

/**
 * A job that the producer meant to enqueue, with what the plan wants of it. There are several with
 * one key if a killed producer enqueued a job again that had failed for good meanwhile.
 */
export interface IntendedJob extends PlannedJob {
  readonly id: string;
  readonly queue: string;
  readonly kind: JobKind;
}

/** Everything that is known of a run when it is over. The checker judges by this alone. */
export interface Facts {
  readonly intended: readonly IntendedJob[];
  readonly accepted: readonly string[];
  readonly ledger: readonly LedgerLine[];
  readonly stored: readonly StoredJob[];
  /** What was injected; blocks, poison and starvation are in the ledger. */
  readonly faults: readonly Fault[];
  readonly lives: readonly ExitReason[];
  /** What the machine withheld from them, and from Redis. */
  readonly waits: readonly Wait[];
  /** Why the run did not come to rest; undefined when it did. */
  readonly restless: string | undefined;
}
