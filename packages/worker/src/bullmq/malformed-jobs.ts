import type { Logger } from '@bullpen/shared';
import { lockKey, queueKeys } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';
import type { JobFields } from './held-job.js';

/** What {@link MalformedJobs} needs. */
export interface MalformedJobsDeps {
  readonly redis: Pick<ScriptedRedis, 'bullpenRewrite'>;
  readonly prefix: string;
  readonly queue: string;
  readonly log: Logger;
}

/**
 * The fields of a job that are JSON, and what replaces a malformed one. An empty text removes the
 * field.
 */
const REPLACEMENTS: Readonly<Record<string, string>> = { data: 'null', opts: '{}', progress: '0', parent: '' };

/**
 * Makes malformed jobs parsable. Another client stored such a job with fields that are not JSON. A
 * worker of BullMQ throws and forgets the job, which is found stalled, put back and fetched again,
 * for ever. So its malformed fields are replaced, their texts are kept in its `opts` for people to
 * see, and the job is rejected.
 */
export class MalformedJobs {
  readonly #deps: MalformedJobsDeps;

  constructor(deps: MalformedJobsDeps) {
    this.#deps = deps;
  }

  /**
   * Replaces the malformed fields of a fetched job, here and on Redis.
   * @param token the token of its lease
   * @returns its fields, well formed
   */
  repaired(jobId: string, token: string, fields: JobFields): JobFields {
    const malformed = Object.keys(REPLACEMENTS).filter((field) => !isWellFormed(field, fields[field] ?? ''));
    if (malformed.length === 0) return fields;
    const { redis, prefix, queue, log } = this.#deps;
    const replaced = repairs(fields, malformed);
    const job = queueKeys(prefix, queue).base + jobId;
    // Not awaited: Redis has it before the end of the job, which is sent on the same connection.
    redis.bullpenRewrite(lockKey(job), job, token, ...Object.entries(replaced).flat()).catch(() => undefined);
    log.error({ jobId, queue, fields: malformed }, 'job was malformed');
    return { ...fields, ...replaced };
  }
}

function isWellFormed(field: string, text: string): boolean {
  if (text === '') return true;
  const value = parseJson(text);
  return field === 'opts' ? isObject(value) : value !== undefined;
}

/** What to write for malformed fields: their replacements, and in `opts` what they held. */
function repairs(fields: JobFields, malformed: readonly string[]): Record<string, string> {
  const opts = parseJson(fields['opts'] ?? '');
  const kept = isObject(opts) ? opts : {};
  const texts = Object.fromEntries(malformed.map((field) => [field, fields[field]]));
  const bullpen = { ...(isObject(kept['bullpen']) ? kept['bullpen'] : {}), malformed: texts };
  return {
    ...Object.fromEntries(malformed.map((field) => [field, REPLACEMENTS[field] ?? ''])),
    opts: JSON.stringify({ ...kept, bullpen }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The value of a JSON text; `undefined` when it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
