import { OptionsInvalid } from '@bullpen/shared';
import { addFlags, EXIT, type ExitCode, optionalDurationSetting, type Settings } from '@bullpen/shared/internal';
import { Command } from 'commander';
import { z } from 'zod';
import { printLine } from './print.js';
import { findJob, startSession, withProducer } from './session.js';
import { startSettings } from './settings.js';

/** The settings of `enqueue`, in the order of the help. */
export const enqueueSettings = {
  data: { flag: '--data <json>', schema: z.string('give the payload as JSON'), help: 'the payload' },
  key: {
    flag: '--key <key>',
    schema: z.string().optional(),
    help: 'your own name for the job; the same key is not added twice',
  },
  ...startSettings,
  expiresIn: {
    flag: '--expires-in <duration>',
    schema: optionalDurationSetting,
    help: 'do not start the job any more after this long',
  },
} satisfies Settings;

/** `enqueue <job>`: enqueues one job. */
export function enqueueCommand(ends: (code: ExitCode) => void): Command {
  const command = new Command('enqueue')
    .description('Enqueues one job.')
    .argument('<job>', 'the name of a job in --jobs');
  return addFlags(command, enqueueSettings).action(async (name: string, _: unknown, command: Command) => {
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
