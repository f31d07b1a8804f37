import { execa } from 'execa';
import { deliverWebhook } from '../jobs.js';
import { fileOfCommand } from './command.js';
import { BATCH } from './job-of.js';

/** How to send a file. */
export interface BatchStart {
  readonly file: string;
  readonly jobs: string;
  readonly keyField: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

/** What the producer says at the end: how many rows were added, and how their jobs ended. */
export interface BatchReport {
  readonly added: number;
  readonly completed: number;
  readonly failed: number;
}

/** `bullpen-producer batch --wait`, running in a process of its own. */
export interface ProducerProcess {
  /** Resolves when every job is settled. Rejects when the producer could not do its work. */
  readonly report: Promise<BatchReport>;
  /** Asks it to stop, kills it if it does not, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Sends every row of a file and waits for their jobs. Its progress bar is on our own terminal. */
export function startProducerProcess({ file, jobs, keyField, redisUrl, prefix }: BatchStart): ProducerProcess {
  const place = ['--redis', redisUrl, '--prefix', prefix];
  const flags = ['--batch', BATCH, '--jobs', jobs, '--key-field', keyField, ...place, '--wait', '--json'];
  const cli = fileOfCommand('@bullpen/producer', 'bullpen-producer');
  const child = execa(process.execPath, [cli, 'batch', deliverWebhook.name, file, ...flags], {
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
    // A kill leaves the terminal without its cursor, which the bar hid: it may take a moment to end
    // by itself.
    forceKillAfterDelay: 2_000,
  });
  const report = child.then(({ exitCode, signal, stdout }) => {
    // 1: some jobs failed. The rows for the shop that has closed do.
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
