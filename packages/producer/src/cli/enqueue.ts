import {
  addFlags,
  EXIT,
  type ExitCode,
  optional,
  optionalDateSetting,
  optionalDurationSetting,
  type Settings,
  textSetting,
} from '@bullpen/shared/internal';
import { Command } from 'commander';
import { printLine } from './print.js';
import { readData } from './read-data.js';
import { findJob, startSession, withProducer } from './session.js';
import { startSettings } from './settings.js';
import { warnOfSkew } from './warn-of-skew.js';

/** The settings of `enqueue`, in the order of the help. */
export const enqueueSettings = {
  data: {
    flag: '--data <json>',
    schema: textSetting(undefined, 'give the payload as JSON, or - to read it from the standard input'),
    help: 'the payload; - reads the standard input',
  },
  key: {
    flag: '--key <key>',
    schema: optional(textSetting()),
    help: 'your own name for the job; the same key is not added twice',
  },
  ...startSettings,
  at: {
    flag: '--at <time>',
    schema: optionalDateSetting,
    help: 'when the first attempt is due, instead of --delay: 2026-12-01T09:00:00Z',
  },
  expiresIn: {
    flag: '--expires-in <duration>',
    schema: optionalDurationSetting,
    help: 'do not start the job any more when it has been due for this long',
    defaultHelp: 'as the job says',
  },
  expiresAt: {
    flag: '--expires-at <time>',
    schema: optionalDateSetting,
    help: 'do not start the job any more after this time, instead of --expires-in',
  },
} satisfies Settings;

/** `enqueue <job>`: enqueues one job. */
export function enqueueCommand(ends: (code: ExitCode) => void): Command {
  const command = new Command('enqueue')
    .description('Enqueues one job.')
    .argument('<job>', 'the name of a job in --jobs');
  return addFlags(command, enqueueSettings).action(async (name: string, _: unknown, command: Command) => {
    const { config, open } = startSession(command, enqueueSettings);
    const { key, delay, at, priority, expiresIn, expiresAt } = config;
    const options = { key, delay, at, priority, expiresIn, expiresAt };
    const job = await findJob(config.jobs, name);
    const payload = await readData(config.data, process.stdin, (line) => process.stderr.write(`${line}\n`));
    const result = await withProducer(open(), async (producer) => {
      const enqueued = await producer.enqueue(job, payload, options);
      if (at !== undefined || expiresAt !== undefined) await warnOfSkew(producer);
      return enqueued;
    });
    printLine(
      config.json ? JSON.stringify({ job: job.name, queue: job.queue, ...result }) : `${result.status} ${result.id}`,
    );
    ends(EXIT.ok);
  });
}
