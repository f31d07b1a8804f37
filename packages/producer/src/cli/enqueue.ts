import { EXIT, type ExitCode } from '@bullpen/shared/command';
import type { Command } from 'commander';
import { defineJobCommands, openProducer } from '../open-producer.js';
import { enqueueSettings } from './enqueue-settings.js';
import { printLine } from './print.js';
import { readData } from './read-data.js';
import { findJob, startSession, withProducer } from './session.js';
import { warnOfSkew } from './warn-of-skew.js';

/** `enqueue <job>`: enqueues one job. */
export async function run(name: string, _: unknown, command: Command): Promise<ExitCode> {
  const { config, options: producerOptions } = startSession(command, enqueueSettings);
  const { key, delay, at, priority, expiresIn, expiresAt } = config;
  const options = { key, delay, at, priority, expiresIn, expiresAt };
  const job = await findJob(config.jobs, name);
  const payload = await readData(config.data, process.stdin, (line) => process.stderr.write(`${line}\n`));
  const result = await withProducer(openProducer(producerOptions, defineJobCommands), async (producer) => {
    const enqueued = await producer.enqueue(job, payload, options);
    if (at !== undefined || expiresAt !== undefined) await warnOfSkew(producer);
    return enqueued;
  });
  printLine(
    config.json ? JSON.stringify({ job: job.name, queue: job.queue, ...result }) : `${result.status} ${result.id}`,
  );
  return EXIT.ok;
}
