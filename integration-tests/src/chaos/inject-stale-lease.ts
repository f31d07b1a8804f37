import { join } from 'node:path';
import { Queue } from 'bullmq';
import { hostNow } from '../support/host-now.js';
import { until } from '../support/until.js';
import type { Fault } from './fault.js';
import type { Fleet } from './fleet.js';
import { jobOf } from './jobs.js';
import { type LedgerLine, readLines } from './ledger.js';
import type { PlannedFault, PlannedJob } from './planned.js';
import { QUEUES } from './planned.js';

const STEP_LIMIT_MS = 15_000;

/** The id of the jobs of such a fault: both have the same. */
export const staleId = (index: number): string => `stale-${index}`;

/** The payload of the first job, and of the second. */
export const stalePayload = (index: number, which: 1 | 2): PlannedJob => {
  return { key: `stale-${index}-${which}`, ms: which === 1 ? 600 : 1_500, heed: false, throws: 0, blockMs: 0 };
};

/**
 * Has a worker wake up with an attempt at a job whose id belongs to another job by now: the worker
 * is stopped in the attempt, another worker completes the job, the job is removed, its id is used
 * again by another client, a worker that attempts the new job is killed, and then the first worker
 * goes on, before anybody has found out that the new job is nobody's.
 */
export async function leaveStaleLease(planned: PlannedFault, index: number, fleet: Fleet): Promise<Fault[]> {
  const { admin, prefix, prioritized, workers, folder } = fleet;
  const [name] = QUEUES;
  const queue = new Queue(name, { connection: admin, prefix });
  queue.on('error', () => undefined);
  const jobId = staleId(index);
  const add = async (which: 1 | 2): Promise<void> => {
    const { name: job } = jobOf({ queue: name, kind: 'work' });
    const priority = prioritized.has(name) ? { priority: 5 } : {};
    await queue.add(job, stalePayload(index, which), { jobId, attempts: 1, ...priority });
  };
  const starts = (which: 1 | 2): LedgerLine[] =>
    readLines<LedgerLine>(join(folder, 'ledger.ndjson')).filter((line) => {
      return line.event === 'start' && line.jobId === jobId && line.key === stalePayload(index, which).key;
    });
  const startedBy = (which: 1 | 2) =>
    until(
      'a worker to start the job',
      () => {
        const pids = starts(which).map(({ pid }) => pid);
        return workers.find(({ pid }) => pid !== undefined && pids.includes(pid));
      },
      STEP_LIMIT_MS,
    );

  const startedAt = hostNow();
  const faults: Fault[] = [];
  await add(1);
  const sleeper = await startedBy(1);
  const pid = sleeper.pid ?? 0;
  const frozenAt = hostNow();
  sleeper.send('SIGSTOP');
  try {
    const isDone = async (): Promise<boolean> => (await queue.getJobState(jobId)) === 'completed';
    await until('another worker to do the job', isDone, STEP_LIMIT_MS);
    // A Redis that is full or away meanwhile must not leave the id without a job: the checker would
    // call the removed job lost.
    const untilDone = (what: string, step: () => Promise<unknown>): Promise<boolean> =>
      until(
        what,
        () =>
          step().then(
            () => true,
            () => false,
          ),
        STEP_LIMIT_MS,
      );
    await untilDone('the done job to be removed', () => queue.remove(jobId));
    await untilDone('its id to be used again', () => add(2));
    const second = await startedBy(2);
    const killedAt = hostNow();
    if (second.pid !== undefined)
      faults.push({ kind: 'kill', pid: second.pid, startedAt: killedAt, endedAt: killedAt });
    second.send('SIGKILL');
    const isUnlocked = async (): Promise<boolean> => (await admin.exists(`${prefix}:${name}:${jobId}:lock`)) === 0;
    await until('the lease of the dead worker to run out', isUnlocked, STEP_LIMIT_MS);
    faults.push({ kind: planned.kind, startedAt, endedAt: hostNow() });
  } catch {
    // Other faults came in between: there is no such lease this time.
  } finally {
    if (sleeper.pid === pid) sleeper.send('SIGCONT');
    faults.push({ kind: 'freeze', pid, startedAt: frozenAt, endedAt: hostNow() });
    await queue.close();
  }
  return faults;
}
