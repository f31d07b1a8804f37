import { hashKey, readRowKey } from '@bullpen/shared/internal';

/** What the key of a row is made from, beside its payload. */
export interface RowKeyOptions {
  readonly job: string;
  readonly keyField: string;
}

/**
 * The hash of a row's key, under which Redis notes that the key is taken. Empty when the payload
 * has no key.
 */
function hashRowKey(payload: unknown, { job, keyField }: RowKeyOptions): string {
  const read = readRowKey(payload, keyField);
  return 'key' in read ? hashKey(job, read.key) : '';
}

/**
 * The hashes of the keys of jobs' rows, by job id, in the order of the rows.
 * @param jobs each id, followed by the payload as JSON; a shared job has the list of its rows'
 *   payloads
 */
export function readRowKeys(jobs: readonly string[], options: RowKeyOptions): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  for (let at = 0; at < jobs.length; at += 2) {
    const [id, data] = [jobs[at] as string, jobs[at + 1] as string];
    const payload = parseJson(data);
    const isShared = /-\d+_\d+$/.test(id);
    const payloads = isShared ? (Array.isArray(payload) ? payload : []) : [payload];
    keys[id] = payloads.map((one) => hashRowKey(one, options));
  }
  return keys;
}

/** `undefined` when it is not JSON: another client may have stored anything. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
