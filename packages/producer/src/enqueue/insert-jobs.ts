import type { JobDefinition } from '@bullpen/shared';
import { idForKey, newId, newMark, queueKeys, type ScriptArg } from '@bullpen/shared/internal';
import type { ChunkOptions } from './chunk.js';
import { type JobAnswer, readJobsReply } from './insert-reply.js';
import { type JobSettings, settingsOf } from './job-opts.js';
import { Lines } from './lines.js';
import type { JobsRedis } from './producer-redis.js';

/** A single job on its way to Redis. Its payload is valid and is JSON. */
export interface SingleJob {
  readonly job: JobDefinition;
  readonly options: ChunkOptions;
  readonly key?: string | undefined;
  /** The payload as JSON, on one line. */
  readonly data: string;
}

/** Single jobs that are sent to Redis in one call. All go to one queue. */
export interface JobsChunk {
  readonly prefix: string;
  readonly queue: string;
  readonly jobs: readonly SingleJob[];
  /**
   * Whether all jobs go in or none does. They then have the same settings. Otherwise Redis judges
   * each of them, in their order.
   */
  readonly isWhole: boolean;
}

/**
 * Prepares a chunk of at most 1,000 single jobs. The returned function sends it, and returns an
 * answer for each job, or one answer if a whole chunk was refused. It may be called again after a
 * lost reply: the ids of the jobs are new, and stay the same however often the chunk is sent, so
 * each recognises itself.
 */
export function prepareJobs({ prefix, queue, jobs, isWhole }: JobsChunk): (redis: JobsRedis) => Promise<JobAnswer[]> {
  const places = new Map<string, number>();
  // Which settings the jobs have, in runs: the number of the settings, and of how many jobs.
  const runs: number[] = [];
  const ids: string[] = [];
  const [names, payloads] = [new Lines(), new Lines()];
  let last: WrittenSettings | undefined;
  for (const { job, options, key, data } of jobs) {
    const settings = writeSettings(job, options);
    if (settings !== last) {
      last = settings;
      if (!places.has(settings.json)) places.set(settings.json, places.size + 1);
      runs.push(places.get(settings.json) as number, 0);
    }
    (runs[runs.length - 1] as number) += 1;
    const id = key === undefined ? newId() : idForKey(job.name, key, newMark());
    ids.push(id);
    names.add(id);
    payloads.add(data);
  }
  const told = `{"whole":${isWhole},"runs":[${runs.join(',')}],"settings":[${[...places.keys()].join(',')}]}`;
  const args: ScriptArg[] = [queueKeys(prefix, queue).wait, told, names.toArg(), payloads.toArg()];
  const isAlone = jobs.length === 1 && jobs[0]?.key === undefined;
  let more = isAlone && last?.plain !== undefined ? ['', ...last.plain] : [];
  return async (redis) => {
    const reply = redis.bullpenInsertJobs(...args, ...more);
    more = ['again'];
    return readJobsReply(await reply, ids);
  };
}

/** Settings as the script reads them. */
interface WrittenSettings {
  readonly options: ChunkOptions;
  readonly json: string;
  /** Name and opts of plain jobs. */
  readonly plain: readonly [name: string, opts: string] | undefined;
}

/** What was written last for each definition: mostly the next job has the same settings. */
const written = new WeakMap<JobDefinition, WrittenSettings>();

function writeSettings(job: JobDefinition, options: ChunkOptions): WrittenSettings {
  const last = written.get(job);
  if (last !== undefined && isSame(last.options, options)) return last;
  const settings = settingsOf(job, options);
  const plain = isPlain(settings) ? ([job.name, settings.opts[0]] as const) : undefined;
  const now = { options, json: JSON.stringify(settings), plain };
  written.set(job, now);
  return now;
}

/** Whether nothing is to be judged of such a job but whether it may join the queue. */
const isPlain = ({ priority, delay, dueAt, expiresAt, expiresIn, maxWaiting }: JobSettings): boolean =>
  priority === 0 && delay === 0 && (dueAt ?? expiresAt ?? expiresIn ?? maxWaiting) === undefined;

const isSame = (one: ChunkOptions, other: ChunkOptions): boolean =>
  one === other ||
  (one.delayMs === other.delayMs &&
    one.dueAt === other.dueAt &&
    one.priority === other.priority &&
    one.expiresAt === other.expiresAt &&
    one.expiresInMs === other.expiresInMs &&
    one.maxWaiting === other.maxWaiting);
