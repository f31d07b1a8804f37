import { CANCELLED_FAILURE, SUSPECT_FIELD } from '@bullpen/shared/internal';
import type { ActiveAttempt } from '../in-flight/active-attempt.js';
import type { FetchedJob } from '../in-flight/fetched-job.js';
import type { BullmqJob } from './bullmq-job.js';

/** The fields of a job as they are stored on Redis. */
export type JobFields = Readonly<Record<string, string | undefined>>;

/** A fetch: the lease that it gives to its jobs, and who has them. */
export interface FetchedBy {
  readonly queue: string;
  /** The token of the leases. */
  readonly token: string;
  /** The name of the worker. */
  readonly worker: string;
  /** In milliseconds since 1970, by Redis' clock. */
  readonly fetchedAt: number;
}

/** A job that this worker has, from its fetch until it is released. */
export interface HeldJob {
  readonly attempt: ActiveAttempt;
  readonly fields: JobFields;
  /** When its attempt began, or until then when it was fetched; on the monotonic clock (ms). */
  since: number;
  /**
   * BullMQ's object for the job, made when somebody first asks for it. Most jobs end without one: it
   * costs as much as all the rest.
   */
  readonly bullmqJob: () => BullmqJob;
}

/** The fields of a job after its fetch. A fetch answers with those before it, in pairs. */
export function fieldsAfterFetch(pairs: readonly string[], by: FetchedBy): JobFields {
  const fields: Record<string, string> = {};
  for (let at = 0; at < pairs.length; at += 2) fields[pairs[at] as string] = pairs[at + 1] as string;
  fields['processedOn'] = String(by.fetchedAt);
  fields['pb'] = by.worker;
  fields['ats'] = String((Number(fields['ats']) || 0) + 1);
  return fields;
}

/**
 * Makes our job of BullMQ's fields. The only place that does.
 * @throws SyntaxError when the payload or the options are not JSON
 */
export function toFetchedJob(id: string, fields: JobFields, by: FetchedBy): FetchedJob {
  const { name, data = '{}', opts = '{}', timestamp = '', priority = '', atm = '0', ats, stc = '0', defa } = fields;
  return {
    queue: by.queue,
    id,
    name: name ?? '',
    hasName: name !== undefined,
    data: JSON.parse(data || '{}'),
    storedData: data || '{}',
    opts: JSON.parse(opts || '{}'),
    token: by.token,
    timestamp: Number.parseInt(timestamp, 10),
    priority: Number.parseInt(priority, 10),
    fetchedAt: by.fetchedAt,
    worker: by.worker,
    attemptsMade: Number.parseInt(fields['attemptsMade'] || atm, 10),
    fetches: Number(ats),
    crashes: Number.parseInt(stc, 10),
    cancelled: defa === CANCELLED_FAILURE,
    suspectMs: Number(fields[SUSPECT_FIELD]) || undefined,
  };
}

/**
 * Whether a success of this job concerns nobody else: no parent of a flow, no schedule, no
 * `deduplication`, and nothing that another client wants to be kept of it.
 */
export const isPlain = ({ fields, attempt }: Pick<HeldJob, 'fields' | 'attempt'>): boolean =>
  fields['parentKey'] === undefined &&
  fields['deid'] === undefined &&
  fields['rjk'] === undefined &&
  (attempt.batch !== undefined || attempt.fetched.opts['removeOnComplete'] === undefined);

/** Whether BullMQ could read what {@link toFetchedJob} does not. */
export function isWellFormed({ opts }: FetchedJob, { progress = '', parent = '' }: JobFields): boolean {
  for (const text of [progress, parent]) if (text !== '' && text !== '0') JSON.parse(text);
  return typeof opts === 'object' && opts !== null;
}
