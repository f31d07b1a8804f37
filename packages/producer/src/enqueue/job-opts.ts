import type { JobDefinition } from '@bullpen/shared';
import type { ChunkOptions } from './chunk.js';

/** Stands where the id will be. It comes before all text that a user may have written. */
const ID = '\uE000';

/**
 * The value of an option that depends on the time. The script puts in what it is by Redis' clock. No
 * text of a user looks like such an option in JSON, because the quotes in a text are escaped.
 */
export const FOR_REDIS = null;

/** The `opts` of a single job as JSON, in two pieces. The script puts the id between them. */
export function optsAroundId(job: JobDefinition, options: ChunkOptions, bullpen: object): string[] {
  const opts = JSON.stringify(jobOpts(job, options, { jobId: ID }, bullpen));
  const at = opts.indexOf(ID);
  return [opts.slice(0, at), opts.slice(at + ID.length)];
}

/**
 * The `opts` of a job of a batch as JSON, in two pieces. They are the same for all rows, because
 * the id of the job says which row it is. For a shared job the script puts the rows between the
 * pieces.
 */
export function optsAroundRows(job: JobDefinition, options: ChunkOptions, bullpen: object): string[] {
  const opts = JSON.stringify(jobOpts(job, options, {}, bullpen));
  return [opts.slice(0, -2), opts.slice(-2)];
}

/**
 * Attempts and backoff are written in BullMQ's words. A stock worker follows them as well as it
 * can: it knows no maximum of a backoff.
 */
function jobOpts(job: JobDefinition, { delayMs, dueAt, priority }: ChunkOptions, id: object, bullpen: object): object {
  const { type, delayMs: delay, jitter } = job.backoff;
  return {
    attempts: job.maxAttempts,
    backoff: { type, delay, jitter },
    ...id,
    ...(dueAt !== undefined ? { delay: FOR_REDIS } : delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
    bullpen,
  };
}
