import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { handle } from '@bullpen/worker';
import { hostNow } from '../../support/host-now.js';
import { CHAOS_JOBS } from '../jobs.js';
import { appendLine } from '../ledger.js';

/**
 * Broken on purpose: it answers before the work is done, as a forgotten `await` does. Without
 * faults nobody notices. The checker must notice, which proves that it would notice a worker that
 * did so.
 */
export const handlers = CHAOS_JOBS.map(({ job }) =>
  handle(job, ({ ms, key }, { jobId, attempt }) => {
    const run = randomUUID();
    const ledger = join(process.env['CHAOS_FOLDER'] ?? '.', 'ledger.ndjson');
    const tell = (event: string): void =>
      appendLine(ledger, { event, pid: process.pid, at: hostNow(), run, jobId, attempt, key });
    tell('start');
    void sleep(ms + 50).then(() => tell('end'));
    return { run };
  }),
);
