/** A function of Bull Board that nobody may use, read-only or not, and what to do instead. */
interface Refusal {
  readonly method: string;
  /** The end of the route, as Bull Board writes it. */
  readonly route: string;
  readonly why: string;
}

const ENQUEUED =
  'Jobs are enqueued by a producer, which checks the payload and gives the job an id. Use bullpen-producer enqueue.';

/** These would bypass the producer, or destroy more than BullMQ's own keys. */
const REFUSALS: readonly Refusal[] = [
  { method: 'POST', route: '/:queueName/add', why: ENQUEUED },
  { method: 'PUT', route: '/:schedulerId/run', why: ENQUEUED },
  {
    method: 'PATCH',
    route: '/:jobId/update-data',
    why: 'A payload is not edited here: the shown payload may be redacted, and a new one would not be checked. Enqueue another job.',
  },
  {
    method: 'PATCH',
    route: '/:jobId/priority',
    why: 'Jobs with and without a priority must not wait on the same queue: jobs with a priority would starve.',
  },
  {
    method: 'PUT',
    route: '/:queueName/obliterate',
    why: 'A queue is not deleted here: workers hold its jobs, and batches have books that count them.',
  },
];

/** Says why nobody may make this request; `undefined` when people may. */
export function refusalOf(method: string, route: string | undefined): string | undefined {
  return REFUSALS.find((refusal) => refusal.method === method && route?.endsWith(refusal.route))?.why;
}

/** Routes of Bull Board that remove jobs. A row of a batch must not be removed as a job. */
const REMOVES_ONE = '/:jobId/clean';
const REMOVES_WAITING = ['/:queueName/empty', '/:queueName/clean/:queueStatus'];
/** No job in these states is a row: jobs of batches are removed when they are settled. */
const SETTLED: ReadonlySet<string> = new Set(['completed', 'failed']);

const BOOKS = 'whose books would wait for it without end. Use bullpen-producer cancel, or batches cancel.';

/** A request to Bull Board. */
export interface Asked {
  readonly method: string;
  readonly route: string | undefined;
  readonly params: { readonly queueName?: string; readonly jobId?: string; readonly queueStatus?: string };
}

/** Says why these jobs must not be removed; `undefined` when they may. */
export async function removalRefusal(
  { method, route = '', params }: Asked,
  hasOpenBatch: (queue: string) => Promise<boolean>,
): Promise<string | undefined> {
  const { queueName = '', jobId = '', queueStatus = '' } = params;
  if (method !== 'PUT') return undefined;
  if (route.endsWith(REMOVES_ONE)) return jobId.startsWith('b-') ? `This job is part of a batch, ${BOOKS}` : undefined;
  const removes = REMOVES_WAITING.some((end) => route.endsWith(end)) && !SETTLED.has(queueStatus);
  return removes && (await hasOpenBatch(queueName)) ? `Some of these jobs are rows of a batch, ${BOOKS}` : undefined;
}
