import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, handle } from '@bullpen/worker';
import { hostNow } from '../support/host-now.js';
import { CHAOS_JOBS } from './jobs.js';
import { appendLine, type LedgerLine } from './ledger.js';
import { HARMLESS_MS } from './limits.js';
import type { PlannedJob } from './planned.js';

const folder = process.env['CHAOS_FOLDER'] ?? '.';
const ledger = join(folder, 'ledger.ndjson');

/** Does what the plan says, and writes it to the ledger. */
async function play(planned: PlannedJob, context: Context): Promise<{ run: string }> {
  const run = randomUUID();
  const { jobId, attempt, signal } = context;
  const tell = (event: LedgerLine['event'], more: object = {}): void =>
    appendLine(ledger, { event, pid: process.pid, at: hostNow(), run, jobId, attempt, ...more });

  tell('start', { key: planned.key });
  signal.addEventListener('abort', () => tell('aborted', { reason: (signal.reason as Error).name }));
  if (planned.key.endsWith('poison')) {
    await sleep(planned.ms);
    tell('poison', { reason: planned.key });
    process.kill(process.pid, 'SIGKILL');
  }
  try {
    if (planned.ms > 0) await sleep(planned.ms / 2, undefined, planned.heed ? { signal } : {});
    // Only once in a run: a job that blocks every process that takes it would stop the fleet for
    // ever.
    if (planned.blockMs > 0 && isFirst(planned.key)) {
      // Also written before: the watchdog may end the process in the middle of it.
      const reason = planned.key.startsWith('spin') ? 'spin' : 'block';
      tell('blocking', { until: hostNow() + planned.blockMs, reason });
      keepBusy(planned.blockMs);
      tell('blocked');
    }
    if (planned.ms > 0) await sleep(planned.ms / 2, undefined, planned.heed ? { signal } : {});
  } catch (error) {
    tell('left');
    throw error;
  }
  if (attempt <= planned.throws) {
    tell('threw');
    throw new Error(`planned failure ${attempt}`);
  }
  tell('end');
  return { run };
}

/** Keeps the event loop busy. */
function keepBusy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Whether no process has asked this before. */
function isFirst(key: string): boolean {
  try {
    closeSync(openSync(join(folder, `blocked-${key}`), 'wx'));
    return true;
  } catch {
    return false;
  }
}

const TICK_MS = 100;

/**
 * Notices that this process stood still, whatever the reason. A busy machine that gives a process
 * no time takes a lease away just as SIGSTOP does; the checker should know that and not guess.
 */
function watchClock(): void {
  let last = hostNow();
  setInterval(() => {
    const now = hostNow();
    if (now - last > HARMLESS_MS) appendLine(ledger, { event: 'starved', pid: process.pid, at: now, since: last });
    last = now;
  }, TICK_MS).unref();
}

watchClock();

export const handlers = CHAOS_JOBS.map(({ job }) => handle(job, play));
