import type { Logger } from '@bullpen/shared';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What a change did, as far as it is known before the answer is sent. */
export interface ChangeNote {
  /** How many jobs, or queues, it changed. */
  count?: number;
  /** Why it was refused, or failed. */
  reason?: string;
}

/** What {@link logChanges} needs. */
export interface LogChangesDeps {
  /** Who makes the request; `undefined` without a session. */
  readonly userOf: (request: FastifyRequest) => string | undefined;
  readonly noteOf: (request: FastifyRequest) => ChangeNote;
  readonly log: Logger;
}

/** Bull Board's changes in words, by the end of their route. The first that matches counts. */
const ACTIONS: readonly (readonly [end: string, action: string])[] = [
  ['/queues/pause', 'pause all queues'],
  ['/queues/resume', 'resume all queues'],
  ['/:queueName/add', 'add a job'],
  ['/:queueName/retry/:queueStatus', 'retry all jobs'],
  ['/:queueName/promote', 'promote all jobs'],
  ['/:queueName/clean/:queueStatus', 'remove all jobs'],
  ['/:queueName/pause', 'pause the queue'],
  ['/:queueName/resume', 'resume the queue'],
  ['/:queueName/concurrency', 'set the concurrency'],
  ['/:queueName/rate-limit', 'set the rate limit'],
  ['/:queueName/rate-limit/release', 'release the rate limit'],
  ['/:queueName/empty', 'empty the queue'],
  ['/:queueName/obliterate', 'delete the queue'],
  ['/:schedulerId/remove', 'remove the scheduler'],
  ['/:schedulerId/run', 'run the scheduler'],
  ['/:schedulerId', 'change the scheduler'],
  ['/:jobId/retry', 'retry the job'],
  ['/:jobId/clean', 'remove the job'],
  ['/:jobId/promote', 'promote the job'],
  ['/:jobId/update-data', 'edit the payload'],
  ['/:jobId/delay', 'change the delay'],
  ['/:jobId/priority', 'change the priority'],
];

/** The fields of a request's body that say what was set. All are numbers, and nobody's secrets. */
const SETTINGS = ['concurrency', 'max', 'duration', 'delay'] as const;

/**
 * Logs each request that changes something, and what became of it: who sent it, what it did, to
 * which queue or job, and to how many jobs. Requests without a session are not logged.
 */
export function logChanges(app: FastifyInstance, { userOf, noteOf, log }: LogChangesDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, ip: address, routeOptions } = request;
    const user = userOf(request);
    if (method === 'GET' || method === 'HEAD' || user === undefined) return;
    const route = routeOptions.url ?? '';
    const action = ACTIONS.find(([end]) => route.endsWith(end))?.[1] ?? `${method} ${route}`;
    const { queueName: queue, jobId, schedulerId, queueStatus: state } = (request.params ?? {}) as Params;
    const change = { user, address, action, queue, jobId, schedulerId, state, ...settingsOf(request.body) };
    const { count, reason } = noteOf(request);
    const status = reply.statusCode;
    if (status < 400) log.info({ ...change, count }, 'change made');
    else if (status < 500) log.warn({ ...change, status, reason }, 'change refused');
    else log.warn({ ...change, status, reason }, 'change failed');
  });
}

type Params = Readonly<Partial<Record<'queueName' | 'jobId' | 'schedulerId' | 'queueStatus', string>>>;

function settingsOf(body: unknown): Readonly<Record<string, number | null>> {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const given = SETTINGS.flatMap((name) => {
    const value = fields[name];
    return typeof value === 'number' || value === null ? [[name, value] as const] : [];
  });
  return Object.fromEntries(given);
}
