import type { BatchFacts } from './batch-facts.js';
import type { Fault } from './fault.js';
import type { LedgerLine } from './ledger.js';
import type { ExitReason } from './life.js';
import type { Wait } from './machine.js';
import type { JobKind, PlannedJob } from './planned.js';
import type { AcceptedLine, CancelLine, ReuseLine } from './producer-lines.js';
import type { StoredJob } from './snapshot.js';

/**
 * A job that the producer meant to enqueue, with what the plan wants of it. There are several with
 * one key if a killed producer enqueued a job again that had failed for good meanwhile, or if the
 * key was used again after a cancellation.
 */
export interface IntendedJob extends PlannedJob {
  readonly id: string;
  readonly queue: string;
  readonly kind: JobKind;
  readonly delayMs: number;
  /** When the producer was about to send it for the first time. */
  readonly sentAt: number;
}

/** Everything that is known of a run when it is over. The checker judges by this alone. */
export interface Facts {
  readonly concurrency: number;
  readonly intended: readonly IntendedJob[];
  /** What the producer was answered, chunk by chunk. */
  readonly accepted: readonly AcceptedLine[];
  readonly cancels: readonly CancelLine[];
  readonly reuses: readonly ReuseLine[];
  readonly ledger: readonly LedgerLine[];
  readonly stored: readonly StoredJob[];
  /** The batch, if there was one; its rows are in no other list but the ledger. */
  readonly batch?: BatchFacts | undefined;
  /** What was injected; blocks, poison, cancellations and starvation are elsewhere. */
  readonly faults: readonly Fault[];
  readonly lives: readonly ExitReason[];
  /** What the machine withheld from them, and from Redis. */
  readonly waits: readonly Wait[];
  /** Why the run did not come to rest; undefined when it did. */
  readonly restless: string | undefined;
}

/** The ids of all jobs that the producer knows to be enqueued. */
export function acceptedIds({ accepted, reuses }: Pick<Facts, 'accepted' | 'reuses'>): Set<string> {
  return new Set([...accepted.flatMap(({ ids }) => ids), ...reuses.map(({ id }) => id)]);
}
