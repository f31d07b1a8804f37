import { idForKey, readRowKey } from '@bullpen/shared/internal';

/** What the key of a row is made of, beside its payload. */
export interface Keying {
  readonly job: string;
  readonly keyField: string;
}

/**
 * What stands for a row's key on Redis, where its being taken is noted; empty when its payload has
 * no key.
 */
export function keyHash(payload: unknown, { job, keyField }: Keying): string {
  const read = readRowKey(payload, keyField);
  return 'key' in read ? idForKey(job, read.key).slice(-22) : '';
}

/**
 * The keys of the rows of jobs, by job id, in the order of the rows.
 * @param jobs id and payload, as JSON, by turns; of a job that several rows share the payload is
 *   the list of theirs
 */
export function keysOfJobs(jobs: readonly string[], keying: Keying): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  for (let at = 0; at < jobs.length; at += 2) {
    const [id, data] = [jobs[at] as string, jobs[at + 1] as string];
    const payload = parse(data);
    const isShared = /-\d+_\d+$/.test(id);
    const payloads = isShared ? (Array.isArray(payload) ? payload : []) : [payload];
    keys[id] = payloads.map((one) => keyHash(one, keying));
  }
  return keys;
}

/** Some other client may have written something else than JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
