import { EXIT, type ExitCode } from '@bullpen/shared/command';
import { showValue } from '@bullpen/shared/internal';
import type { Command } from 'commander';
import { printLine } from './print.js';
import { findJob, startSession, withProducer } from './session.js';

/** `cancel <job> <id>`: cancels one job. */
export async function run(name: string, id: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, open } = startSession(command, {});
  const job = await findJob(config.jobs, name);
  const status = await withProducer(open(), (producer) => producer.cancel(job, id));
  printLine(config.json ? JSON.stringify({ job: job.name, queue: job.queue, id, status }) : `${status} ${id}`);
  if (status === 'unknown') {
    const hint = 'give the id that enqueue printed, not the key';
    process.stderr.write(`bullpen-producer: no job on queue '${job.queue}' has the id ${showValue(id)}; ${hint}\n`);
  }
  return status === 'unknown' ? EXIT.failure : EXIT.ok;
}
