import type { JobDefinition } from '@bullpen/shared';
import { DEFAULT_JITTER } from '@bullpen/shared/internal';
import type { ChunkOptions } from './chunk.js';

/**
 * The value of an option that depends on the time. The script puts in what it is by Redis' clock. No
 * text of a user looks like such an option in JSON, because the quotes in a text are escaped.
 */
const FOR_REDIS = null;

/** What the script must know of jobs that have it in common; `ADD_SCRIPT` reads it. */
export interface JobSettings {
  readonly name: string;
  readonly priority: number;
  readonly delay: number;
  readonly dueAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** How long after they are due the jobs expire, if no instant is given. */
  readonly expiresIn: number | undefined;
  readonly maxWaiting: number | undefined;
  /**
   * The `opts` of each job as JSON, in two pieces. Between them the script puts the rows of a shared
   * job. All other jobs have the same opts: their id says which row of a batch they are.
   */
  readonly opts: readonly [string, string];
}

/** The settings of single jobs. */
export function settingsOf(job: JobDefinition, options: ChunkOptions): JobSettings {
  return settingsWith([optsOf(job, options), ''], job, options);
}

/**
 * The settings of rows of a batch.
 * @param ofBatch what the worker must know of the batch
 */
export function settingsOfRows(job: JobDefinition, options: ChunkOptions, ofBatch: object): JobSettings {
  const opts = optsOf(job, options, ofBatch);
  return settingsWith([opts.slice(0, -2), opts.slice(-2)], job, options);
}

function settingsWith(opts: JobSettings['opts'], job: JobDefinition, options: ChunkOptions): JobSettings {
  const { delayMs, dueAt, priority, expiresAt, maxWaiting } = options;
  const expiresIn = expiryAfterDue(job, options);
  return { name: job.name, priority, delay: delayMs, dueAt, expiresAt, expiresIn, maxWaiting, opts };
}

const expiryAfterDue = (job: JobDefinition, { expiresAt, expiresInMs = job.expiresInMs }: ChunkOptions) =>
  expiresAt === undefined ? expiresInMs : undefined;

/**
 * Attempts and backoff are written in BullMQ's words. A stock worker follows them as well as it
 * can: it knows no maximum of a backoff, and gets no jitter that is the default.
 *
 * Redis stores a job in half of the memory, and reads and removes it in half of the time, as long as
 * none of its fields is longer than 64 bytes. So what nobody needs is left out.
 */
function optsOf(job: JobDefinition, options: ChunkOptions, ofBatch?: object): string {
  const { delayMs, dueAt, priority, expiresAt } = options;
  const { type, delayMs: delay, jitter } = job.backoff;
  const expiry = expiryAfterDue(job, options) === undefined ? expiresAt : FOR_REDIS;
  return JSON.stringify({
    attempts: job.maxAttempts,
    backoff: { type, delay, ...(jitter === DEFAULT_JITTER ? {} : { jitter }) },
    ...(dueAt !== undefined ? { delay: FOR_REDIS } : delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
    ...(expiry === undefined && ofBatch === undefined ? {} : { bullpen: { expiresAt: expiry, ...ofBatch } }),
  });
}
