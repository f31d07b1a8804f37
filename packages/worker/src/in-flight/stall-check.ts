import type { Logger } from '@bullpen/shared';
import { queueKeys, type RedisClock } from '@bullpen/shared/internal';
import type { JobRescued, Observers } from '../events/observers.js';
import type { ScriptedRedis } from '../redis/commands.js';
import { LOOK_EVERY_MS } from '../redis/look-timer.js';

/** What a {@link StallCheck} needs. */
export interface StallCheckDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly leaseMs: number;
  readonly clock: Pick<RedisClock, 'at'>;
  readonly log: Logger;
  readonly observers: Observers;
}

/**
 * How often a worker looks for jobs without a lease: five times in a lease, because the checks of
 * several workers exclude each other and sometimes skip one (see docs/internals/numbers.md). A whole
 * number, because Redis refuses a fraction, and with it every check.
 */
export const stallCheckMs = (leaseMs: number): number => Math.floor(leaseMs / 5);

/** The locks of a process that died run out within a lease. */
const LEASES_REMEMBERED = 3;

/** Puts jobs whose process died back into their queue, and tells what was found. */
export class StallCheck {
  readonly #deps: StallCheckDeps;
  /**
   * How long no check is needed of a queue that had no active job, in milliseconds. A job that is
   * fetched right after the check has its lease for longer, so the next check still sees it active
   * before it is due to be found (see docs/internals/numbers.md).
   */
  readonly restMs: number;

  constructor(deps: StallCheckDeps) {
    this.#deps = deps;
    const everyMs = stallCheckMs(deps.leaseMs);
    this.restMs = Math.max(everyMs, Math.min(4 * everyMs, 2 * LOOK_EVERY_MS));
  }

  /**
   * @returns the ids of the jobs that are back in the queue; `undefined` when it has no active job
   * @throws what Redis throws
   */
  async check(queue: string): Promise<string[] | undefined> {
    const { redis, prefix, leaseMs, clock } = this.#deps;
    const { base, stalled, active, meta, marker, events } = queueKeys(prefix, queue);
    const keys = [stalled, active, `${base}stalled-check`, meta, marker, events];
    const times = [stallCheckMs(leaseMs), LEASES_REMEMBERED * leaseMs, clock.at()];
    const answers = await redis.bullpenStallCheck(...keys, base, ...times);
    if (answers === 0) return undefined;
    const rescued: JobRescued[] = [];
    for (let at = 0; at < answers.length; at += 3) {
      const [jobId = '', finding, worker = ''] = answers.slice(at, at + 3);
      rescued.push({ kind: 'job-rescued', queue, jobId, worker, finding: finding as JobRescued['finding'] });
    }
    this.#tell(queue, rescued);
    return rescued.map(({ jobId }) => jobId);
  }

  #tell(queue: string, rescued: readonly JobRescued[]): void {
    const { log, observers } = this.#deps;
    for (const name of new Set(rescued.map(({ worker }) => worker))) {
      const jobs = rescued.filter(({ worker }) => worker === name);
      const countOf = (sought: JobRescued['finding']) => jobs.filter(({ finding }) => finding === sought).length;
      const charged = jobs.filter(({ finding }) => finding === 'charged').map(({ jobId }) => jobId);
      const counts = { charged, suspected: countOf('suspected'), repeated: countOf('repeated') };
      log.warn({ queue, worker: name, ...counts }, 'a worker died or stood still; its jobs are back in the queue');
    }
    if (observers.any) for (const event of rescued) observers.tell(event);
  }
}
