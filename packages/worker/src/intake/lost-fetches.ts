import type { Logger } from '@bullpen/shared';
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
  /** Whether this process attempts that very fetch of the job. */
  readonly known: (jobId: string, fetches: number) => boolean;
}

/**
 * Jobs that Redis gave to this worker in a reply that was lost on the way, or that comes too late:
 * active, and nobody works on them. They would otherwise wait for their lease to run out and be
 * counted as crashed. After a connection was lost they are looked for and given back; and a
 * worker's last word, should it go before Redis has answered, is to give back everything.
 */
export class LostFetches {
  readonly #parts: LostFetchesDeps;
  /** Each with when it was given back. */
  readonly #givenBack = new Map<string, number>();
  /** Each with when it was left behind. */
  readonly #leftBehind = new Map<string, number>();

  constructor(parts: LostFetchesDeps) {
    this.#parts = parts;
  }

  async handBackLost(): Promise<void> {
    const { redis, prefix, queue, name, log, known } = this.#parts;
    const base = `${prefix}:${queue}:`;
    const fetched = await redis.bullpenFetchedBy(`${base}active`, base, name);
    this.#forgetOld();
    const lost = fetched.filter(
      ([jobId, , fetches]) => !known(jobId, Number(fetches)) && !this.#leftBehind.has(`${jobId} ${fetches}`),
    );
    if (lost.length === 0) return;
    // Their replies may still be on the way: then they must not start here any more.
    for (const [jobId, , fetches] of lost) this.#givenBack.set(`${jobId} ${fetches}`, performance.now());
    try {
      const given = new Set(await this.#giveBack(lost.flatMap(([jobId, , fetches]) => [jobId, fetches])));
      for (const [jobId, , fetches] of lost) {
        if (given.has(jobId)) log.info({ jobId, queue }, 'job was fetched in a reply that was lost; gave it back');
        else this.#givenBack.delete(`${jobId} ${fetches}`);
      }
    } catch (error) {
      // Unanswered, or refused when it was sent again: they may have been given back, and must not
      // start here.
      log.warn({ queue, jobIds: lost.map(([jobId]) => jobId), err: error }, 'jobs could not be given back');
    }
  }

  /**
   * An attempt was given up whose end Redis would not record. To give its job back, free of charge,
   * would be to do it again for ever: its lease runs out, and that counts as a crash.
   */
  leaveBehind(jobId: string, fetches: number): void {
    this.#forgetOld();
    this.#leftBehind.set(`${jobId} ${fetches}`, performance.now());
  }

  /**
   * Gives back all that Redis says we have, and all that it will have given us by the time it hears
   * this: Redis carries out what a connection sent in the order it was sent, also when the sender
   * is gone. To be called when nothing is attempted here any more.
   */
  async handBackAll(): Promise<void> {
    await this.#giveBack([]);
  }

  #giveBack(fetches: readonly string[]): Promise<string[]> {
    const { redis, prefix, queue, name } = this.#parts;
    const base = `${prefix}:${queue}:`;
    const keys = ['active', 'wait', 'prioritized', 'stalled', 'meta', 'marker', 'events'].map((key) => base + key);
    return redis.bullpenHandBack(...keys, base, name, ...fetches);
  }

  /** Whether this fetch of the job was given back before it arrived. Asked once. */
  wasHandedBack(jobId: string, fetches: number): boolean {
    if (this.#givenBack.size === 0) return false;
    this.#forgetOld();
    return this.#givenBack.delete(`${jobId} ${fetches}`);
  }

  /**
   * A reply still on its way when the connection broke has come within a lease, or never will; a
   * new job of the same id counts its fetches from one again.
   */
  #forgetOld(): void {
    const oldest = performance.now() - this.#parts.leaseMs;
    for (const fetches of [this.#givenBack, this.#leftBehind]) {
      for (const [fetch, at] of fetches) if (at < oldest) fetches.delete(fetch);
    }
  }
}
