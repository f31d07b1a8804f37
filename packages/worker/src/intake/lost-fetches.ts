import type { Logger } from '@bullpen/shared';
import { queueKeys } from '@bullpen/shared/internal';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { ActiveAttempts } from '../in-flight/active-attempts.js';
import type { ScriptedRedis } from '../redis/commands.js';

/** What {@link LostFetches} needs. */
export interface LostFetchesDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  /** What this worker's fetches are known by; no other may have it. */
  readonly name: string;
  readonly leaseMs: number;
  readonly log: Logger;
  readonly active: Pick<ActiveAttempts, 'find'>;
}

/**
 * Jobs that Redis gave to this worker in a reply that was lost on the way, or that comes too late:
 * active, and nobody works on them. They would otherwise wait for their lease to run out and be
 * counted as crashed. After a connection was lost they are looked for and handed back; and a
 * worker's last word, should it go before Redis has answered, is to hand back everything.
 */
export class LostFetches {
  readonly #deps: LostFetchesDeps;
  /** Each with when it was handed back. */
  readonly #handedBack = new Map<string, number>();
  /** Each with when it was left behind. */
  readonly #leftBehind = new Map<string, number>();

  constructor(deps: LostFetchesDeps) {
    this.#deps = deps;
  }

  async handBackLost(): Promise<void> {
    const { redis, prefix, queue, name, log } = this.#deps;
    const { base, active } = queueKeys(prefix, queue);
    const fetched = await redis.bullpenFetchedBy(active, base, name);
    this.#forgetOld();
    const lost = fetched.filter(
      ([jobId, , fetches]) =>
        !this.#isAttempted(jobId, Number(fetches)) && !this.#leftBehind.has(`${jobId} ${fetches}`),
    );
    if (lost.length === 0) return;
    // Their replies may still be on the way: then they must not start here any more.
    for (const [jobId, , fetches] of lost) this.#handedBack.set(`${jobId} ${fetches}`, performance.now());
    try {
      const handedBack = new Set(await this.#handBack(lost.flatMap(([jobId, , fetches]) => [jobId, fetches])));
      for (const [jobId, , fetches] of lost) {
        if (handedBack.has(jobId))
          log.info({ jobId, queue }, 'job was fetched in a reply that was lost; handed it back');
        else this.#handedBack.delete(`${jobId} ${fetches}`);
      }
    } catch (error) {
      // Unanswered, or refused when it was sent again: they may have been handed back, and must not
      // start here.
      log.warn({ queue, jobIds: lost.map(([jobId]) => jobId), err: error }, 'jobs could not be handed back');
    }
  }

  /**
   * An attempt was given up whose end Redis would not record. To hand its job back, free of charge,
   * would be to do it again for ever: its lease runs out, and that counts as a crash.
   */
  leaveBehind({ jobId, lease }: ActiveAttempt): void {
    this.#forgetOld();
    this.#leftBehind.set(`${jobId} ${lease.fetches}`, performance.now());
  }

  /**
   * Hands back all that Redis says we have, and all that it will have given us by the time it hears
   * this: Redis carries out what a connection sent in the order it was sent, also when the sender
   * is gone. To be called when nothing is attempted here any more.
   */
  async handBackAll(): Promise<void> {
    await this.#handBack([]);
  }

  #handBack(fetches: readonly string[]): Promise<string[]> {
    const { redis, prefix, queue, name } = this.#deps;
    const { base, active, wait, prioritized, stalled, meta, marker, events } = queueKeys(prefix, queue);
    return redis.bullpenHandBack(active, wait, prioritized, stalled, meta, marker, events, base, name, ...fetches);
  }

  /** Whether this fetch of the job was handed back before it arrived. Asked once. */
  wasHandedBack({ jobId, lease }: ActiveAttempt): boolean {
    if (this.#handedBack.size === 0) return false;
    this.#forgetOld();
    return this.#handedBack.delete(`${jobId} ${lease.fetches}`);
  }

  /** Whether this process attempts that very fetch of the job. */
  #isAttempted(jobId: string, fetches: number): boolean {
    const { active, queue } = this.#deps;
    return active.find(queue, jobId)?.lease.fetches === fetches;
  }

  /**
   * A reply still on its way when the connection broke has come within a lease, or never will; a
   * new job of the same id counts its fetches from one again.
   */
  #forgetOld(): void {
    const oldest = performance.now() - this.#deps.leaseMs;
    for (const fetches of [this.#handedBack, this.#leftBehind]) {
      for (const [fetch, at] of fetches) if (at < oldest) fetches.delete(fetch);
    }
  }
}
