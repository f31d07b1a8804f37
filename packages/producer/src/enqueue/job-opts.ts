import type { JobDefinition } from '@bullpen/shared';
import type { ChunkOptions } from './chunk.js';

/** Stands where the id will be. It comes before all text that a user may have written. */
const ID = '\uE000';

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
   * The `opts` of each job as JSON, in two pieces. Between them the script puts the id of a single
   * job, or the rows of a shared job. All other jobs of a batch have the same opts: their id says
   * which row they are.
   */
  readonly opts: readonly [string, string];
}

/** The settings of single jobs. */
export function settingsOf(job: JobDefinition, options: ChunkOptions): JobSettings {
  const opts = optsOf(job, options, { jobId: ID }, {});
  const at = opts.indexOf(ID);
  return settingsWith([opts.slice(0, at), opts.slice(at + ID.length)], job, options);
}

/**
 * The settings of rows of a batch.
 * @param ofBatch what the worker must know of the batch
 */
export function settingsOfRows(job: JobDefinition, options: ChunkOptions, ofBatch: object): JobSettings {
  const opts = optsOf(job, options, {}, ofBatch);
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
 * can: it knows no maximum of a backoff.
 */
function optsOf(job: JobDefinition, options: ChunkOptions, id: object, ofBatch: object): string {
  const { delayMs, dueAt, priority, expiresAt } = options;
  const { type, delayMs: delay, jitter } = job.backoff;
  return JSON.stringify({
    attempts: job.maxAttempts,
    backoff: { type, delay, jitter },
    ...id,
    ...(dueAt !== undefined ? { delay: FOR_REDIS } : delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
    bullpen: { expiresAt: expiryAfterDue(job, options) === undefined ? expiresAt : FOR_REDIS, ...ofBatch },
  });
}
