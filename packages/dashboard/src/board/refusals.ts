/** What Bull Board can do that nobody may, read-only or not, and what to do instead. */
export interface Refusal {
  readonly method: string;
  /** The end of the route, as Bull Board writes it. */
  readonly route: string;
  readonly why: string;
}

const ENQUEUED =
  'Jobs are enqueued by a producer, which checks their payload and gives them an id. Use bullpen-producer enqueue.';

/** Ways around the producer, and ways to destroy what is not only BullMQ's. */
const REFUSALS: readonly Refusal[] = [
  { method: 'POST', route: '/:queueName/add', why: ENQUEUED },
  { method: 'PUT', route: '/:schedulerId/run', why: ENQUEUED },
  {
    method: 'PATCH',
    route: '/:jobId/update-data',
    why: 'A payload is not edited here: what is shown may be redacted, and what is written would not be checked. Enqueue another job.',
  },
  {
    method: 'PATCH',
    route: '/:jobId/priority',
    why: 'Jobs with and without a priority must not wait on one queue: those with one would starve.',
  },
  {
    method: 'PUT',
    route: '/:queueName/obliterate',
    why: 'A queue is not deleted here: workers hold its jobs and batches have their books on it.',
  },
];

/** Why nobody may do this; `undefined` when somebody may. */
export function refusalOf(method: string, route: string | undefined): string | undefined {
  return REFUSALS.find((refusal) => refusal.method === method && route?.endsWith(refusal.route))?.why;
}

/** Bull Board's ways to remove jobs. A row of a batch is not one job. */
const REMOVES_ONE = '/:jobId/clean';
const REMOVES_WAITING = ['/:queueName/empty', '/:queueName/clean/:queueStatus'];
/** Jobs of batches are removed when they are settled: none of these is a row. */
const SETTLED: ReadonlySet<string> = new Set(['completed', 'failed']);

const BOOKS = 'whose books would wait for it for ever. Use bullpen-producer cancel, or batches cancel.';

/** What is asked for. */
export interface Asked {
  readonly method: string;
  readonly route: string | undefined;
  readonly params: { readonly queueName?: string; readonly jobId?: string; readonly queueStatus?: string };
}

/** Why these jobs may not be removed; `undefined` when they may. */
export async function removalRefusal(
  { method, route = '', params }: Asked,
  hasOpenBatch: (queue: string) => Promise<boolean>,
): Promise<string | undefined> {
  const { queueName = '', jobId = '', queueStatus = '' } = params;
  if (method !== 'PUT') return undefined;
  if (route.endsWith(REMOVES_ONE)) return jobId.startsWith('b-') ? `This job is of a batch, ${BOOKS}` : undefined;
  const removes = REMOVES_WAITING.some((end) => route.endsWith(end)) && !SETTLED.has(queueStatus);
  return removes && (await hasOpenBatch(queueName))
    ? `There are rows of a batch among these jobs, ${BOOKS}`
    : undefined;
}
