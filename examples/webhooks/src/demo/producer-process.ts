import { execa } from 'execa';
import { deliverWebhook } from '../jobs.js';
import { fileOfCommand } from './command.js';

/** The name of the demo's batch. */
const BATCH = 'orders';

/** Options of {@link startProducerProcess}. */
export interface BatchStart {
  readonly file: string;
  readonly jobs: string;
  readonly keyField: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

/** The producer's report at the end: how many rows were added, and how their jobs ended. */
export interface BatchReport {
  readonly added: number;
  readonly completed: number;
  readonly failed: number;
}

/** `bullpen-producer batch --wait`, running in a process of its own. */
export interface ProducerProcess {
  /** Resolves when every job is settled. Rejects when the producer failed. */
  readonly report: Promise<BatchReport>;
  /** Stops the process, by force if it does not end by itself, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Enqueues every row of a file and waits for their jobs. Shows its progress bar on our terminal.
 */
export function startProducerProcess({ file, jobs, keyField, redisUrl, prefix }: BatchStart): ProducerProcess {
  const place = ['--redis', redisUrl, '--prefix', prefix];
  const flags = ['--name', BATCH, '--jobs', jobs, '--key-field', keyField, ...place, '--wait', '--json'];
  const cli = fileOfCommand('@bullpen/producer', 'bullpen-producer');
  const child = execa(process.execPath, [cli, 'batch', deliverWebhook.name, file, ...flags], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    // The progress bar hides the cursor, and a kill would leave it hidden: first the producer has a
    // moment to end by itself.
    forceKillAfterDelay: 2_000,
  });
  const report = child.then(({ exitCode, signal, stdout }) => {
    // 1: some jobs failed. In the demo the rows for the closed shop do.
    if (exitCode === 0 || exitCode === 1) return JSON.parse(stdout) as BatchReport;
    throw new Error(`bullpen-producer ended with ${signal ?? `exit code ${exitCode}`}`);
  });
  report.catch(() => undefined);
  return {
    report,
    async stop() {
      child.kill('SIGTERM');
      await child;
    },
  };
}
