import { mapTexts } from '../redact/map-texts.js';

/**
 * A list shows so many characters of a text, and nothing of a value that is longer: it is asked for
 * every few seconds, and has many jobs.
 */
const MAX_TEXT = 10_000;
const MAX_VALUE = 100_000;

interface ListedJob {
  readonly data?: unknown;
  readonly returnValue?: unknown;
  readonly progress?: unknown;
  readonly [field: string]: unknown;
}

/**
 * The list of queues, with the jobs of one of them made short. A job's own page shows all of it.
 */
export function shortenList(body: unknown): unknown {
  const { queues } = (body ?? {}) as { queues?: readonly { readonly jobs: readonly ListedJob[] }[] };
  if (!Array.isArray(queues)) return body;
  return { queues: queues.map((queue) => ({ ...queue, jobs: queue.jobs.map(shortenJob) })) };
}

function shortenJob({ data, returnValue, progress, ...job }: ListedJob): ListedJob {
  return {
    ...(mapTexts(job, shortenText) as ListedJob),
    ...{ data: shortenValue(data), returnValue: shortenValue(returnValue), progress: shortenValue(progress) },
  };
}

function shortenValue(value: unknown): unknown {
  const { length } = JSON.stringify(value) ?? '';
  return length > MAX_VALUE ? `[${Math.ceil(length / 1000)} KB: open the job to see it]` : value;
}

const shortenText = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} … (${text.length} characters: open the job to see them)` : text;
