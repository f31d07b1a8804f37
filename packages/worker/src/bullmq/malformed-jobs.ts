import type { Logger } from '@bullpen/shared';
import { lockKey, queueKeys } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';

/** What {@link MalformedJobs} needs. */
export interface MalformedJobsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  /** What this worker's fetches are known by. */
  readonly name: string;
  readonly log: Logger;
}

/**
 * The fields of a job that BullMQ parses as JSON, and what is to stand there instead of what is
 * none; nothing: the field goes.
 */
const INSTEAD: Readonly<Record<string, string>> = { data: 'null', opts: '{}', progress: '0', parent: '' };

/**
 * Jobs that some other client stored with fields that are not JSON. BullMQ parses them after Redis
 * has made the job active, throws, and forgets it: fetched, found stalled and put back, round and
 * round for ever. Such a job is made readable instead, its texts kept in its `opts` for people to
 * see, and rejected like any other that can never succeed.
 */
export class MalformedJobs {
  readonly #parts: MalformedJobsDeps;

  constructor(parts: MalformedJobsDeps) {
    this.#parts = parts;
  }

  /**
   * Finds the job that Redis gave us under a lock token and makes it readable.
   * @returns its id; `undefined` when there is no such job
   */
  async makeParsable(token: string): Promise<string | undefined> {
    const { redis, prefix, queue, name, log } = this.#parts;
    const { base, active } = queueKeys(prefix, queue);
    const fetched = await redis.bullpenFetchedBy(active, base, name);
    const [jobId] = fetched.find(([, held]) => held === token) ?? [];
    if (jobId === undefined) return undefined;
    const job = base + jobId;
    const fields = await redis.hgetall(job);
    const malformed = Object.keys(INSTEAD).filter((field) => !isReadable(field, fields[field] ?? ''));
    if (malformed.length > 0) {
      await redis.bullpenRewrite(lockKey(job), job, token, ...Object.entries(rewrite(fields, malformed)).flat());
      log.error({ jobId, queue, fields: malformed }, 'job could not be read');
    }
    return jobId;
  }
}

function isReadable(field: string, text: string): boolean {
  if (text === '') return true;
  const value = parseJson(text);
  return field === 'opts' ? isObject(value) : value !== undefined;
}

/**
 * What to write for fields that cannot be read: something that can, and in `opts` what stood there.
 */
function rewrite(fields: Readonly<Record<string, string>>, malformed: readonly string[]): Record<string, string> {
  const opts = parseJson(fields['opts'] ?? '');
  const readable = isObject(opts) ? opts : {};
  const texts = Object.fromEntries(malformed.map((field) => [field, fields[field]]));
  const bullpen = { ...(isObject(readable['bullpen']) ? readable['bullpen'] : {}), malformed: texts };
  return {
    ...Object.fromEntries(malformed.map((field) => [field, INSTEAD[field] ?? ''])),
    opts: JSON.stringify({ ...readable, bullpen }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The value of a JSON text; `undefined` when it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
