import { OptionsInvalid } from '@bullpen/shared';
import { EXIT, type ExitCode, optionalDurationSetting } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { z } from 'zod';
import { printLine } from './print.js';
import { findJob, prioritySetting, startSession, withProducer } from './session.js';

/** The settings of `enqueue`. */
export const enqueueSettings = {
  data: { flag: '--data', schema: z.string('give the payload as JSON') },
  key: { flag: '--key', schema: z.string().optional() },
  delay: { flag: '--delay', schema: optionalDurationSetting },
  priority: prioritySetting,
  expiresIn: { flag: '--expires-in', schema: optionalDurationSetting },
};

/** `enqueue <job>`: one job. */
export function enqueueCommand(ends: (code: ExitCode) => void): Command {
  return new Command('enqueue')
    .description('Enqueues one job.')
    .argument('<job>', 'the name of a job in --jobs')
    .requiredOption('--data <json>', 'the payload')
    .option('--key <key>', 'your own name for the job; the same key is not added twice')
    .option('--delay <duration>', 'wait this long before the first attempt')
    .option('--priority <n>', '1 is first; a queue has jobs with priorities or without, not both at a time')
    .option('--expires-in <duration>', 'do not start the job any more after this long')
    .action(async (name: string, _: unknown, command: Command) => {
      const { config, open } = startSession(command, enqueueSettings);
      const job = await findJob(config.jobs, name);
      const payload = parseJson(config.data);
      const result = await withProducer(open(), (producer) =>
        producer.enqueue(job, payload, {
          ...(config.key === undefined ? {} : { key: config.key }),
          ...(config.delay === undefined ? {} : { delay: config.delay }),
          ...(config.priority === undefined ? {} : { priority: config.priority }),
          ...(config.expiresIn === undefined ? {} : { expiresAt: Date.now() + (config.delay ?? 0) + config.expiresIn }),
        }),
      );
      printLine(
        config.json ? JSON.stringify({ job: job.name, queue: job.queue, ...result }) : `${result.status} ${result.id}`,
      );
      ends(EXIT.ok);
    });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OptionsInvalid('cannot enqueue', [{ path: '--data', reason: `not JSON: ${(error as Error).message}` }]);
  }
}
