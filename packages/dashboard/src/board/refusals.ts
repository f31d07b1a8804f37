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

/** Bull Board's ways to remove one job: a row of a batch is not one job. */
const REMOVES_ONE = '/:jobId/clean';

/** Why this job may not be removed; `undefined` when it may. */
export function rowRefusal(method: string, route: string | undefined, jobId: string | undefined): string | undefined {
  if (method !== 'PUT' || route?.endsWith(REMOVES_ONE) !== true || jobId?.startsWith('b-') !== true) return undefined;
  return 'This job is of a batch, whose books would wait for it for ever. Use bullpen-producer cancel, or batches cancel.';
}
