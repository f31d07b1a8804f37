import type { BullpenOpts, RedisClock } from '@bullpen/shared/internal';

/**
 * A job as it was fetched, in our own words. The room `bullmq/` makes it from BullMQ's `Job`, which
 * no other room sees.
 */
export interface FetchedJob {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  /**
   * Whether it has a name. If not, somebody may have removed the job and left its id on the queue: the
   * fields are then those that the fetch has written.
   */
  readonly hasName: boolean;
  /** The payload, parsed. A handler may change this object, if the schema passes it on uncopied. */
  readonly data: unknown;
  /**
   * The payload as it is stored on Redis: JSON text, with every digit of its numbers. It stays what
   * was enqueued, even if the handler changes its own copy.
   */
  readonly storedData: string;
  /** The job's options as BullMQ stores them. Bullpen's own are under `bullpen`. */
  readonly opts: Readonly<Record<string, unknown>>;
  /** The token of the lease that came with the fetch. */
  readonly token: string;
  /** When it was enqueued, in milliseconds since 1970. By Redis' clock, if Bullpen enqueued it. */
  readonly timestamp: number;
  /** 0 means no priority. */
  readonly priority: number;
  /** When it was fetched, in milliseconds since 1970, by Redis' clock. */
  readonly fetchedAt: number | undefined;
  /** How many attempts were spent before this one (`atm` on Redis). */
  readonly attemptsMade: number;
  /** How often it was fetched, this time included (`ats` on Redis). */
  readonly fetches: number;
  /** The name of the worker that fetched it (`pb` on Redis). */
  readonly worker: string;
  /** Whether it was cancelled before the fetch. */
  readonly cancelled: boolean;
  /** How many processes died under it (`stc` on Redis). */
  readonly crashes: number;
  /** How long it had run when its process died, in ms; `undefined` when nobody suspects it. */
  readonly suspectMs: number | undefined;
}

/** Names this fetch of the job, as `LAYOUT.fetchMark` does in our scripts. */
export const fetchMark = ({ worker, fetches, fetchedAt = 0 }: FetchedJob): string =>
  `${worker} ${fetches} ${fetchedAt}`;

/**
 * What time it is by Redis' clock. Never earlier than when the job was fetched: a machine that was
 * suspended learns from the fetch how much time has passed.
 */
export const nowOf = (clock: Pick<RedisClock, 'at'>, { fetchedAt = 0 }: FetchedJob): number =>
  Math.max(clock.at(), fetchedAt);

/**
 * Whether a job has expired since its fetch, as far as we know Redis' clock. That clock may have been
 * set back since Redis told us: ask it (`sync`) before the job fails.
 */
export const seemsExpired = (
  clock: Pick<RedisClock, 'at'>,
  { fetchedAt = 0 }: FetchedJob,
  { expiresAt }: BullpenOpts,
): boolean => expiresAt !== undefined && fetchedAt < expiresAt && clock.at() >= expiresAt;
