import type { Logger } from '@bullpen/shared';
import { queueKeys } from '@bullpen/shared/internal';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { ActiveAttempts } from '../in-flight/active-attempts.js';
import { putOnTrial } from '../in-flight/put-on-trial.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { type Fetch, handBack } from '../redis/hand-back.js';

/** What {@link LostFetches} needs. */
export interface LostFetchesDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  /** The name under which this worker fetches. No other worker has it. */
  readonly name: string;
  readonly leaseMs: number;
  readonly log: Logger;
  readonly active: Pick<ActiveAttempts, 'find'> & Iterable<ActiveAttempt>;
}

/**
 * Hands back jobs that Redis gave to this worker in a reply that never arrived. Such a job is
 * active, and nobody works on it. Otherwise it would wait until its lease runs out, and that would
 * count as a crash. We look for lost fetches after a lost connection. When a worker ends before
 * Redis has answered everything, its last word hands back all it has.
 */
export class LostFetches {
  readonly #deps: LostFetchesDeps;
  /** The fetches that were handed back (`${jobId} ${mark}`), and when. */
  readonly #handedBack = new Map<string, number>();
  /** The fetches that were left behind, and when. */
  readonly #leftBehind = new Map<string, number>();

  constructor(deps: LostFetchesDeps) {
    this.#deps = deps;
  }

  /**
   * Looks for jobs that this worker fetched and does not attempt, and hands them back.
   * @throws what Redis throws when it is asked for them
   */
  async handBackLost(): Promise<void> {
    const { redis, prefix, queue, name, log } = this.#deps;
    const { base, active } = queueKeys(prefix, queue);
    const fetched = await redis.bullpenFetchedBy(active, base, name);
    this.#forgetOld();
    const lost = fetched.filter(
      ([jobId, , mark]) => !this.#isAttempted(jobId, mark) && !this.#leftBehind.has(`${jobId} ${mark}`),
    );
    if (lost.length === 0) return;
    // Their replies may still arrive. Then the jobs must not start here.
    for (const [jobId, , mark] of lost) this.#handedBack.set(`${jobId} ${mark}`, performance.now());
    try {
      const handedBack = new Set(
        await handBack(
          this.#deps,
          lost.map(([jobId, , mark]) => ({ jobId, mark, nth: undefined })),
        ),
      );
      // What Redis did not hand back is not ours any more, and must not start here either. Another
      // look, which the client sent again after an outage, may have handed it back a moment before.
      for (const [jobId] of lost) {
        if (handedBack.has(jobId))
          log.info({ jobId, queue }, 'job was fetched in a reply that was lost; handed it back');
      }
    } catch (error) {
      // There was no answer, or a refusal when the command was sent again. Redis may have handed
      // the jobs back, so they must not start here.
      log.warn({ queue, jobIds: lost.map(([jobId]) => jobId), err: error }, 'jobs could not be handed back');
    }
  }

  /**
   * Leaves a job alone whose end Redis would not record. Handed back, it would be attempted for
   * ever at no cost. Instead its lease runs out, and that counts as a crash: of this job, and of none
   * that is attempted beside it.
   */
  leaveBehind(attempt: ActiveAttempt): void {
    const { jobId, lease } = attempt;
    this.#forgetOld();
    this.#leftBehind.set(`${jobId} ${lease.mark}`, performance.now());
    // Not awaited. If it is lost, the job is a suspect like those beside it.
    putOnTrial(this.#deps, attempt).catch(() => undefined);
  }

  /**
   * Hands back all jobs that this worker has, and all that it will have when Redis reads this:
   * Redis carries out the commands of a connection in their order, even when the sender is gone.
   * Call it when nothing is attempted here any more.
   */
  async handBackAll(): Promise<void> {
    const { active, queue } = this.#deps;
    const known: Fetch[] = [];
    for (const { jobId, queue: of, lease, nth } of active) {
      if (of === queue) known.push({ jobId, mark: lease.mark, nth });
    }
    await handBack(this.#deps, known, true);
  }

  /** Whether this fetch of the job was handed back before it arrived. Forgets the answer. */
  wasHandedBack({ jobId, lease }: ActiveAttempt): boolean {
    if (this.#handedBack.size === 0) return false;
    this.#forgetOld();
    return this.#handedBack.delete(`${jobId} ${lease.mark}`);
  }

  /** Whether this process attempts this very fetch of the job. */
  #isAttempted(jobId: string, mark: string): boolean {
    const { active, queue } = this.#deps;
    return active.find(queue, jobId)?.lease.mark === mark;
  }

  /** A reply that was on its way when the connection broke arrives within a lease, or never. */
  #forgetOld(): void {
    const oldest = performance.now() - this.#deps.leaseMs;
    for (const fetches of [this.#handedBack, this.#leftBehind]) {
      for (const [fetch, at] of fetches) if (at < oldest) fetches.delete(fetch);
    }
  }
}
