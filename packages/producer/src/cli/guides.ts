import { EXIT, type Guides } from '@bullpen/shared/command';

const JOBS = '--jobs dist/jobs.js';
const UNAVAILABLE = 'Redis is unavailable, or refused us';
const USAGE = 'wrong usage';
/** The codes of commands that look at a batch or act on it. */
const OF_BATCH = { [EXIT.usage]: 'wrong usage, or there is no such batch', [EXIT.unavailable]: UNAVAILABLE };

/** What help says of each command beside its options. */
export const guides: Guides = {
  'bullpen-producer': {
    notes:
      "Options go before or after the command. A flag wins over its environment variable. Results go to the standard output, everything else to the standard error. 'bullpen-producer help batches show' shows the help of a command.",
    examples: ['bullpen-producer enqueue --help', `bullpen-producer queues --redis redis://127.0.0.1:6379`],
    exitCodes: {
      [EXIT.ok]: 'done',
      [EXIT.failure]: 'failed; the last line says why',
      [EXIT.usage]: USAGE,
      [EXIT.data]: 'some rows were rejected, or the payload is not valid',
      [EXIT.unavailable]: UNAVAILABLE,
      [EXIT.interrupted]: 'interrupted; what was done is safe, and the same command goes on',
    },
  },
  'bullpen-producer enqueue': {
    notes: 'Prints added or duplicate, and the id of the job.',
    examples: [
      `bullpen-producer enqueue invoice.send --data '{"invoice":"inv_1"}' \\\n    --key inv_1 ${JOBS}`,
      `jq -c .payload order.json | bullpen-producer enqueue invoice.send --data - \\\n    --delay 10m ${JOBS}`,
    ],
    exitCodes: {
      [EXIT.ok]: 'added, or a duplicate',
      [EXIT.usage]: USAGE,
      [EXIT.data]: 'the payload is no JSON, or does not fit the job',
      [EXIT.unavailable]: UNAVAILABLE,
    },
  },
  'bullpen-producer batch': {
    notes: 'If it stops, whatever the reason, run it again with the same name: it goes on where it stopped.',
    examples: [
      `bullpen-producer batch invoice.send invoices.csv --name november \\\n    --rejects rejects.ndjson ${JOBS}`,
      `zcat rows.ndjson.gz | bullpen-producer batch invoice.send - --name november \\\n    --format ndjson ${JOBS} --wait`,
      `bullpen-producer batch invoice.send invoices.csv --dry-run ${JOBS}`,
    ],
    exitCodes: {
      [EXIT.ok]: 'every row was enqueued or is a duplicate; with --wait every job has completed',
      [EXIT.failure]: 'with --wait, some jobs failed or were cancelled',
      [EXIT.usage]: USAGE,
      [EXIT.data]: 'some rows were rejected; the others are enqueued',
      [EXIT.unavailable]: UNAVAILABLE,
      [EXIT.interrupted]: 'interrupted; the same command with the same name goes on',
    },
  },
  'bullpen-producer batches': {
    examples: ['bullpen-producer batches', 'bullpen-producer batches --queue invoices --json'],
    exitCodes: { [EXIT.ok]: 'done', [EXIT.usage]: USAGE, [EXIT.unavailable]: UNAVAILABLE },
  },
  'bullpen-producer batches show': {
    examples: ['bullpen-producer batches show november'],
    exitCodes: { [EXIT.ok]: 'done', ...OF_BATCH },
  },
  'bullpen-producer batches watch': {
    examples: ['bullpen-producer batches watch november'],
    exitCodes: {
      [EXIT.ok]: 'every row has completed',
      [EXIT.failure]: 'some rows failed, were cancelled or are missing',
      ...OF_BATCH,
      [EXIT.interrupted]: 'interrupted; the batch itself goes on',
    },
  },
  'bullpen-producer batches cancel': {
    notes: 'If it is interrupted, no row starts any more; run it again to take the rest off the queue.',
    examples: ['bullpen-producer batches cancel november'],
    exitCodes: { [EXIT.ok]: 'done', ...OF_BATCH },
  },
  'bullpen-producer batches retry': {
    examples: [`bullpen-producer batches retry november ${JOBS}`],
    exitCodes: { [EXIT.ok]: 'done', ...OF_BATCH, [EXIT.interrupted]: 'interrupted; the same command goes on' },
  },
  'bullpen-producer batches repair': {
    examples: [
      `bullpen-producer batches repair november rows.csv ${JOBS}`,
      'bullpen-producer batches repair november --settle',
    ],
    exitCodes: { [EXIT.ok]: 'done', ...OF_BATCH, [EXIT.interrupted]: 'interrupted; the same command goes on' },
  },
  'bullpen-producer batches export': {
    examples: [
      'bullpen-producer batches export november --output failed.csv',
      'bullpen-producer batches export november --results --format ndjson | jq .',
    ],
    exitCodes: { [EXIT.ok]: 'done', ...OF_BATCH, [EXIT.interrupted]: 'interrupted; run it again' },
  },
  'bullpen-producer cancel': {
    examples: [`bullpen-producer cancel invoice.send k-inv_1-0d9c8b7a ${JOBS}`],
    exitCodes: {
      [EXIT.ok]: 'cancelled, asked to stop, or settled already',
      [EXIT.failure]: 'there is no such job',
      [EXIT.usage]: USAGE,
      [EXIT.unavailable]: UNAVAILABLE,
    },
  },
  'bullpen-producer queues': {
    examples: ['bullpen-producer queues', 'bullpen-producer queues --json'],
    exitCodes: { [EXIT.ok]: 'done', [EXIT.usage]: USAGE, [EXIT.unavailable]: UNAVAILABLE },
  },
};
