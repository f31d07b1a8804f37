import type { Logger } from '@bullpen/shared';
import { lockKey, queueKeys } from '@bullpen/shared/internal';
import type { ScriptedRedis } from '../redis/commands.js';

/** What {@link MalformedJobs} needs. */
export interface MalformedJobsDeps {
  readonly redis: ScriptedRedis;
  readonly prefix: string;
  readonly queue: string;
  /** The name under which this worker fetches. */
  readonly name: string;
  readonly log: Logger;
}

/**
 * The fields of a job that BullMQ parses as JSON, and what replaces a malformed one. An empty text
 * removes the field.
 */
const REPLACEMENTS: Readonly<Record<string, string>> = { data: 'null', opts: '{}', progress: '0', parent: '' };

/**
 * Makes malformed jobs parsable. Another client stored such a job with fields that are not JSON.
 * BullMQ parses a job after Redis has made it active. It throws and forgets the job, which is found
 * stalled, put back and fetched again, for ever. So its malformed fields are replaced, their texts
 * are kept in its `opts` for people to see, and the job is rejected.
 */
export class MalformedJobs {
  readonly #deps: MalformedJobsDeps;

  constructor(deps: MalformedJobsDeps) {
    this.#deps = deps;
  }

  /**
   * Finds the job that Redis gave us under a lock token, and replaces its malformed fields.
   * @returns its id; `undefined` when there is no such job
   */
  async makeParsable(token: string): Promise<string | undefined> {
    const { redis, prefix, queue, name, log } = this.#deps;
    const { base, active } = queueKeys(prefix, queue);
    const fetched = await redis.bullpenFetchedBy(active, base, name);
    const [jobId] = fetched.find(([, held]) => held === token) ?? [];
    if (jobId === undefined) return undefined;
    const job = base + jobId;
    const fields = await redis.hgetall(job);
    const malformed = Object.keys(REPLACEMENTS).filter((field) => !isWellFormed(field, fields[field] ?? ''));
    if (malformed.length > 0) {
      await redis.bullpenRewrite(lockKey(job), job, token, ...Object.entries(repaired(fields, malformed)).flat());
      log.error({ jobId, queue, fields: malformed }, 'job was malformed');
    }
    return jobId;
  }
}

function isWellFormed(field: string, text: string): boolean {
  if (text === '') return true;
  const value = parseJson(text);
  return field === 'opts' ? isObject(value) : value !== undefined;
}

/** What to write for malformed fields: their replacements, and in `opts` what they held. */
function repaired(fields: Readonly<Record<string, string>>, malformed: readonly string[]): Record<string, string> {
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
