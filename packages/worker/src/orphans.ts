import { isConnectionLoss, type Logger } from '@bullpen/shared';
import type { ScriptedRedis } from './lease-scripts.js';

/** What {@link Orphans} needs. */
export interface OrphansParts {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  /** What this worker's fetches are known by; no other may have it. */
  readonly name: string;
  readonly leaseMs: number;
  readonly log: Logger;
  /** Whether this process attempts that very fetch of the job. */
  readonly known: (jobId: string, fetches: number) => boolean;
  /** Gives a job back to the front of its queue. */
  readonly giveBack: (jobId: string, token: string) => Promise<unknown>;
}

/**
 * Jobs that Redis gave to this worker in a reply that was lost on the way: active, and nobody works on them. After a connection was lost they are looked
 * for and given back at once, where they would otherwise wait for their lease to run out and be counted as crashed.
 */
export class Orphans {
  readonly #parts: OrphansParts;
  /** Each with when it was given back. */
  readonly #givenBack = new Map<string, number>();

  constructor(parts: OrphansParts) {
    this.#parts = parts;
  }

  async giveBackAll(): Promise<void> {
    const { redis, prefix, queue, name, log, known, giveBack } = this.#parts;
    const base = `${prefix}:${queue}:`;
    for (const [jobId, token, fetches] of await redis.bullpenFetchedBy(`${base}active`, base, name)) {
      if (known(jobId, Number(fetches))) continue;
      // Its reply may still be on the way: then it must not start here any more.
      this.#givenBack.set(`${jobId} ${fetches}`, performance.now());
      try {
        await giveBack(jobId, token || (await this.#takeUp(base, jobId, fetches)));
        log.info({ jobId, queue }, 'job was fetched in a reply that was lost; gave it back');
      } catch (error) {
        // Refused: it is not ours to give back any more. Unanswered: it may have been given back, and must not start here.
        if (!isConnectionLoss(error)) this.#givenBack.delete(`${jobId} ${fetches}`);
      }
    }
  }

  /** Locks a job again whose lock ran out while Redis was away, if nobody else has fetched it. Returns the token. */
  async #takeUp(base: string, jobId: string, fetches: string): Promise<string> {
    const { redis, name, leaseMs } = this.#parts;
    const token = `${name}:orphan`;
    // Whatever attempts and crashes it counts: nothing of it was ours.
    const job = [jobId, token, fetches, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    await redis.bullpenRenew(`${base}active`, `${base}stalled`, base, leaseMs, '0', ...job);
    // Had it been refused, so will be giving it back.
    return token;
  }

  /** Whether this fetch of the job was given back before it arrived. Asked once. */
  wasGivenBack(jobId: string, fetches: number): boolean {
    if (this.#givenBack.size === 0) return false;
    this.#forgetOld();
    return this.#givenBack.delete(`${jobId} ${fetches}`);
  }

  /** A reply still on its way when the connection broke has come within a lease, or never will; a new job of the same id counts its fetches from one again. */
  #forgetOld(): void {
    const oldest = performance.now() - this.#parts.leaseMs;
    for (const [fetch, at] of this.#givenBack) if (at < oldest) this.#givenBack.delete(fetch);
  }
}
