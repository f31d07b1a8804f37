/**
 * A job as it was fetched, in our own words. The room `bullmq/` makes it of what BullMQ hands out;
 * no other room sees BullMQ's `Job`.
 */
export interface FetchedJob {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  /** The payload, parsed. A handler may change it, where its schema hands on the very object. */
  readonly data: unknown;
  /** The payload as Redis has it, as JSON. */
  readonly storedData: string;
  /** BullMQ's options of the job as they are stored; what Bullpen adds stands under `bullpen`. */
  readonly opts: Readonly<Record<string, unknown>>;
  /** Names the lease that came with the fetch. */
  readonly token: string;
  /** When it was enqueued, in milliseconds since 1970. */
  readonly timestamp: number;
  /** 0 means none. */
  readonly priority: number;
  /** When Redis gave it to us, in milliseconds since 1970, by the clock of this process. */
  readonly fetchedAt: number | undefined;
  /** How many attempts were spent before this one (`atm` on Redis). */
  readonly attemptsMade: number;
  /** How often it was fetched, this time included (`ats` on Redis). */
  readonly fetches: number;
  /** How many processes died under it (`stc` on Redis). */
  readonly crashes: number;
}

/** A job's payload as it was enqueued, whatever its handler did to the one it was given. */
export function storedPayload({ storedData }: FetchedJob): unknown {
  return JSON.parse(storedData);
}
