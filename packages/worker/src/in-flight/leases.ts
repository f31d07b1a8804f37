import { LeaseLost, type Logger } from '@bullpen/shared';
import { queueKeys } from '@bullpen/shared/internal';
import type { Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';
import { confirms, type LeaseAnswer } from './lease.js';

/** What {@link Leases} needs. */
export interface LeasesDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly active: ActiveAttempts;
  readonly leaseMs: number;
  readonly outage: Outage;
  readonly log: Logger;
  readonly observers: Observers;
}

const ANSWERS: Readonly<Record<string, LeaseAnswer>> = {
  ...{ h: 'held', r: 'recorded', b: 'returned', g: 'gone', l: 'lost' },
};

/** The most leases renewed in one call: keeps one script under some 5 ms of Redis' time. */
const MAX_PER_CALL = 500;
const RETRY_MS = 250;

/**
 * Renews the leases of all attempts under way, and keeps this worker's own clock of them: Redis
 * cannot tell a worker that it cannot reach that the time is up. It takes the place of BullMQ's
 * lock manager, which knows locks by job id alone, lets go of a job before its end is recorded, and
 * aborts nothing.
 *
 * A lease that runs out unrenewed aborts its handler with `LeaseLost`. It may still prove to be
 * ours when Redis is back; a lease that Redis says is lost is lost, and its attempt is abandoned at
 * once.
 */
export class Leases {
  readonly #parts: LeasesDeps;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #renewing = false;
  /** When the event loop last turned again after standing still for a good part of a lease. */
  #stoodStillAt = Number.NEGATIVE_INFINITY;
  closed = false;

  constructor(parts: LeasesDeps) {
    this.#parts = parts;
    this.#tickMs = Math.max(50, Math.round(parts.leaseMs / 10));
  }

  start(): void {
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.#timer);
  }

  /** Renews nothing on a queue, for Redis to say whether we may. */
  async probe(queue: string): Promise<void> {
    await this.#renew(queue, []);
  }

  /**
   * Renews all leases of a queue, whether they are due or not, ahead of what is sent next. A Redis
   * that was frozen carries out first what was sent first: our own search for dead workers' jobs
   * would find ours, whose locks ran out meanwhile.
   */
  renewQueue(queue: string): void {
    const attempts = [...this.#parts.active].filter((attempt) => {
      return attempt.queue === queue && !attempt.lease.lost && !attempt.confirmed;
    });
    for (let at = 0; at < attempts.length; at += MAX_PER_CALL) {
      // It is but an extra; what fails here the next renewal finds as well.
      this.#renew(queue, attempts.slice(at, at + MAX_PER_CALL)).catch(() => undefined);
    }
  }

  /** Asks Redis about one lease; waits through an outage. */
  async ask(attempt: ActiveAttempt): Promise<LeaseAnswer> {
    while (!this.closed && !attempt.lease.lost) {
      try {
        const [answer = 'lost'] = await this.#renew(attempt.queue, [attempt]);
        if (answer !== 'held' && answer !== 'recorded') this.#lose(attempt, answer);
        return answer;
      } catch (error) {
        if (!this.#parts.outage.noteIfOutage(error)) throw error;
        await pause(RETRY_MS);
      }
    }
    return 'lost';
  }

  #tick(): void {
    const { active, leaseMs, log } = this.#parts;
    const now = performance.now();
    const lateMs = Math.round(now - this.#tickedAt - this.#tickMs);
    this.#tickedAt = now;
    if (lateMs > leaseMs / 5) {
      log.warn({ lateMs, leaseMs, active: active.size }, 'event loop stood still; leases cannot be renewed meanwhile');
    }
    if (lateMs > leaseMs / 2) this.#stoodStillAt = now;
    const due: ActiveAttempt[] = [];
    for (const attempt of active) {
      const { lease } = attempt;
      // Handed back, snoozed or recorded: ours no more, and all is well.
      if (lease.lost || attempt.confirmed) continue;
      if (now >= lease.until && !lease.lapsed) this.#lapse(attempt);
      if (lease.until - now < leaseMs * 0.75) due.push(attempt);
    }
    if (due.length > 0 && !this.#renewing) void this.#renewAll(due);
  }

  /**
   * Whether a lease lost now was lost to this process standing still, and not to Redis. That counts
   * as a crash: a handler that blocks the event loop for longer than the lease would otherwise be
   * attempted for ever, and take its neighbours' leases with it each time.
   */
  #stoodStill(now: number): boolean {
    const { leaseMs } = this.#parts;
    return now - this.#tickedAt > leaseMs / 2 || now - this.#stoodStillAt < 2 * leaseMs;
  }

  /** Other workers may have the job by now, and nobody here can know: the handler should stop. */
  #lapse(attempt: ActiveAttempt): void {
    attempt.lease.lapsed = true;
    if (attempt.outcome !== undefined) return;
    this.#parts.log.warn({ jobId: attempt.jobId, queue: attempt.queue }, 'lease ran out; aborting the attempt');
    this.#tell('lease-lapsed', attempt);
    attempt.stop.abort(new LeaseLost());
  }

  async #renewAll(due: readonly ActiveAttempt[]): Promise<void> {
    this.#renewing = true;
    const byQueue = new Map<string, ActiveAttempt[]>();
    for (const attempt of due) {
      const attempts = byQueue.get(attempt.queue);
      if (attempts === undefined) byQueue.set(attempt.queue, [attempt]);
      else attempts.push(attempt);
    }
    try {
      for (const [queue, attempts] of byQueue) {
        for (let at = 0; at < attempts.length; at += MAX_PER_CALL) {
          await this.#renew(queue, attempts.slice(at, at + MAX_PER_CALL));
        }
      }
    } catch (error) {
      if (!this.#parts.outage.noteIfOutage(error)) this.#parts.log.error({ err: error }, 'leases could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }

  async #renew(queue: string, attempts: readonly ActiveAttempt[]): Promise<LeaseAnswer[]> {
    const { redis, prefix, leaseMs, outage } = this.#parts;
    const { base, active, stalled } = queueKeys(prefix, queue);
    const args = attempts.flatMap(({ jobId, lease }) => [
      ...[jobId, lease.token, lease.fetches, lease.attemptsMade, lease.crashes],
    ]);
    // Counted from before the question: Redis renews it somewhere between this instant and its
    // answer.
    const askedAt = performance.now();
    const innocent = this.#stoodStill(askedAt) ? '0' : '1';
    const answers = await redis.bullpenRenew(active, stalled, base, leaseMs, innocent, ...args);
    outage.acceptedSmall();
    return attempts.map((attempt, at) => {
      const answer = ANSWERS[answers[at] ?? 'l'] ?? 'lost';
      this.#note(attempt, answer, askedAt + leaseMs);
      return answer;
    });
  }

  #note(attempt: ActiveAttempt, answer: LeaseAnswer, until: number): void {
    const { lease } = attempt;
    if (answer === 'held') {
      lease.until = until;
      // An answer may be older than the lease it gives.
      lease.lapsed = until <= performance.now();
    } else if (attempt.outcome === undefined) {
      // One that has ended is left to its recorder: Redis' answer to that may be on its way, and
      // all is well.
      this.#lose(attempt, answer);
    }
  }

  #lose(attempt: ActiveAttempt, answer: LeaseAnswer): void {
    const { jobId, queue, lease, outcome } = attempt;
    if (answer === 'recorded' || attempt.confirmed || lease.lost || confirms(answer, attempt)) return;
    lease.lost = true;
    this.#parts.log.error({ jobId, queue }, 'lease lost; another worker may attempt the job');
    this.#tell('lease-lost', attempt);
    if (outcome === undefined) attempt.stop.abandon(new LeaseLost());
  }

  #tell(kind: 'lease-lapsed' | 'lease-lost', { queue, job, jobId }: ActiveAttempt): void {
    this.#parts.observers.tell({ kind, queue, job, jobId });
  }
}
