import { EXIT, type ExitCode, showValue } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { printLine } from './print.js';
import { findJob, startSession, withProducer } from './session.js';

/** `cancel <job> <id>`: cancels one job. */
export function cancelCommand(ends: (code: ExitCode) => void): Command {
  return new Command('cancel')
    .description('Cancels one job, waiting or running.')
    .argument('<job>', 'the name of a job in --jobs')
    .argument('<id>', 'its id, as enqueue printed it')
    .action(async (name: string, id: string, _: unknown, command: Command) => {
      const { config, open } = startSession(command, {});
      const job = await findJob(config.jobs, name);
      const status = await withProducer(open(), (producer) => producer.cancel(job, id));
      printLine(config.json ? JSON.stringify({ job: job.name, queue: job.queue, id, status }) : `${status} ${id}`);
      if (status === 'unknown') {
        const hint = 'give the id that enqueue printed, not the key';
        process.stderr.write(`bullpen-producer: no job on queue '${job.queue}' has the id ${showValue(id)}; ${hint}\n`);
      }
      ends(status === 'unknown' ? EXIT.failure : EXIT.ok);
    });
}
