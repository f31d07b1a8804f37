import { mapTexts } from '../redact/map-texts.js';

/**
 * How many characters of a text a list shows. It has many jobs, and is loaded every few seconds.
 */
const MAX_TEXT = 10_000;
/** A list shows nothing of a value with more characters. */
const MAX_VALUE = 100_000;

interface ListedJob {
  readonly data?: unknown;
  readonly returnValue?: unknown;
  readonly progress?: unknown;
  readonly [field: string]: unknown;
}

/**
 * Shortens the jobs in Bull Board's list of queues. A job's own page shows everything.
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
