import { LeaseLost, type Logger } from '@bullpen/shared';
import { queueKeys } from '@bullpen/shared/internal';
import type { Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import type { Outage } from '../redis/outage.js';
import { pause } from '../redis/pause.js';
import type { ActiveAttempt } from './active-attempt.js';
import type { ActiveAttempts } from './active-attempts.js';
import { GoneJobs } from './gone-jobs.js';
import { confirms, type LeaseAnswer } from './lease.js';
import { Standstill } from './standstill.js';

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
  ...{ h: 'held', r: 'recorded', b: 'returned', g: 'gone', x: 'removed', l: 'lost' },
};

/** The most leases renewed in one call: the script then takes Redis at most about 5 ms. */
const MAX_PER_CALL = 500;
const RETRY_MS = 250;

/**
 * Renews the leases of all active attempts. Also keeps a clock of its own for them, as a worker that
 * cannot reach Redis must notice by itself that a lease is over.
 *
 * When nobody renewed a lease in time it has lapsed: the handler's signal aborts with `LeaseLost`.
 * Redis may still say later that the job is ours. When Redis says that a lease is lost, its attempt
 * is abandoned at once.
 *
 * We do not use BullMQ's lock manager: it knows locks by the job's id alone, stops before the end of
 * a job is recorded, and aborts nothing.
 */
export class Leases {
  readonly #deps: LeasesDeps;
  readonly #tickMs: number;
  readonly #standstill: Standstill;
  readonly #gone: GoneJobs;
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;
  closed = false;

  constructor(deps: LeasesDeps) {
    this.#deps = deps;
    this.#gone = new GoneJobs(deps.log);
    this.#tickMs = Math.max(50, Math.round(deps.leaseMs / 10));
    this.#standstill = new Standstill(this.#tickMs, deps.leaseMs);
  }

  /** From now on leases are renewed. A worker without attempts in flight does nothing for them. */
  start(): void {
    this.#deps.active.onFirst = () => this.#wake();
    if (this.#deps.active.size > 0) this.#wake();
  }

  #wake(): void {
    if (this.#timer !== undefined || this.closed) return;
    this.#standstill.start();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#standstill.stop();
  }

  close(): void {
    this.closed = true;
    this.#rest();
    this.#gone.report();
  }

  /**
   * Asks Redis whether we may renew leases on a queue, without renewing any.
   * @throws what Redis throws
   */
  async probe(queue: string): Promise<void> {
    await this.#renew(queue, []);
  }

  /**
   * Renews all leases of a queue, due or not, before the next command is sent. A Redis that was frozen
   * carries out commands in the order in which they were sent. Without this, our own stall check would
   * find our own jobs, whose locks ran out meanwhile.
   */
  renewQueue(queue: string): void {
    const attempts = [...this.#deps.active].filter((attempt) => {
      return attempt.queue === queue && !attempt.lease.lost && !attempt.confirmed;
    });
    for (let at = 0; at < attempts.length; at += MAX_PER_CALL) {
      // A failure can be ignored: the next renewal by the timer meets it, too.
      this.#renew(queue, attempts.slice(at, at + MAX_PER_CALL)).catch(() => undefined);
    }
  }

  /**
   * Asks Redis about one lease, and renews it if it is held. Waits through an outage.
   * @returns Redis' answer; `lost` when the leases are closed before Redis answers
   * @throws what Redis throws when it is no outage
   */
  async ask(attempt: ActiveAttempt): Promise<LeaseAnswer> {
    while (!this.closed && !attempt.lease.lost) {
      try {
        const [answer = 'lost'] = await this.#renew(attempt.queue, [attempt]);
        if (answer !== 'held' && answer !== 'recorded') this.#lose(attempt, answer);
        return answer;
      } catch (error) {
        if (!this.#deps.outage.noteIfOutage(error)) throw error;
        await pause(RETRY_MS);
      }
    }
    return 'lost';
  }

  #tick(): void {
    const { active, leaseMs, log } = this.#deps;
    if (active.size === 0) {
      this.#rest();
      return;
    }
    const now = performance.now();
    const lateMs = this.#standstill.tick(now);
    if (lateMs > leaseMs / 5) {
      log.warn({ lateMs, leaseMs, active: active.size }, 'event loop stood still; leases cannot be renewed meanwhile');
    }
    const due: ActiveAttempt[] = [];
    for (const attempt of active) {
      const { lease } = attempt;
      // A confirmed attempt was recorded, snoozed or handed back: there is no lease to renew.
      if (lease.lost || attempt.confirmed) continue;
      if (now >= lease.until && !lease.lapsed) this.#lapse(attempt);
      if (lease.until - now < leaseMs * 0.75) due.push(attempt);
    }
    if (due.length > 0 && !this.#renewing) void this.#renewAll(due);
  }

  /** Other workers may have the job by now, and we cannot find out: the handler should stop. */
  #lapse(attempt: ActiveAttempt): void {
    attempt.lease.lapsed = true;
    if (attempt.outcome !== undefined) return;
    this.#deps.log.warn({ jobId: attempt.jobId, queue: attempt.queue }, 'lease ran out; aborting the attempt');
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
      if (!this.#deps.outage.noteIfOutage(error)) this.#deps.log.error({ err: error }, 'leases could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }

  async #renew(queue: string, attempts: readonly ActiveAttempt[]): Promise<LeaseAnswer[]> {
    const { redis, prefix, leaseMs, outage } = this.#deps;
    const { base, active, stalled } = queueKeys(prefix, queue);
    const args = attempts.flatMap(({ jobId, lease, suspectMs = '', fetched }) => [
      ...[jobId, lease.token, lease.mark, lease.attemptsMade, lease.crashes, suspectMs, fetched.timestamp],
    ]);
    // The new lease counts from before the call: Redis renews it some time between now and its answer.
    const askedAt = performance.now();
    const takesCrashBack = this.#standstill.costsLeases(askedAt) ? '0' : '1';
    const answers = await redis.bullpenRenew(active, stalled, base, leaseMs, takesCrashBack, ...args);
    outage.accepted();
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
      // The answer may have taken longer than the lease lasts.
      lease.lapsed = until <= performance.now();
    } else if (attempt.outcome === undefined || answer === 'removed') {
      // For an attempt that has ended the recorder decides: Redis' answer to it may be on its way. Of a
      // job that was removed no end is recorded.
      this.#lose(attempt, answer);
    }
  }

  #lose(attempt: ActiveAttempt, answer: LeaseAnswer): void {
    const { jobId, queue, lease, outcome } = attempt;
    if (answer === 'recorded' || attempt.confirmed || lease.lost || confirms(answer, attempt)) return;
    lease.lost = true;
    const isGone = answer === 'gone' || answer === 'removed';
    if (!isGone) this.#deps.log.error({ jobId, queue }, 'lease lost; another worker may attempt the job');
    // What took this job may have taken others.
    else if (this.#gone.add(attempt)) this.renewQueue(queue);
    this.#tell(isGone ? 'job-gone' : 'lease-lost', attempt);
    if (outcome === undefined) attempt.stop.abandon(new LeaseLost({ isGone }));
  }

  #tell(kind: 'lease-lapsed' | 'lease-lost' | 'job-gone', { queue, job, jobId }: ActiveAttempt): void {
    this.#deps.observers.tell({ kind, queue, job, jobId });
  }
}
