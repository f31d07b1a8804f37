import type { Redis } from '@bullpen/shared/internal';

/** A job as Redis holds it. */
export interface StoredJob {
  readonly id: string;
  readonly queue: string;
  /** The lists and sets that hold it, one entry for each time they do. */
  readonly places: readonly string[];
  readonly attemptsMade: number;
  /** How many processes died under it, as Redis counts. */
  readonly crashes: number;
  readonly failedReason: string | undefined;
  readonly result: unknown;
  /** The job's key, by its payload. */
  readonly key: string;
  readonly finishedOn: number | undefined;
}

const LISTS = ['wait', 'paused', 'active'];
const SETS = ['prioritized', 'delayed', 'completed', 'failed', 'waiting-children'];

/**
 * Reads every job of a queue, by its hash and by the lists that name it: a job may be in only one
 * of them.
 */
export async function readJobs(redis: Redis, prefix: string, queue: string): Promise<StoredJob[]> {
  const base = `${prefix}:${queue}:`;
  const places = new Map<string, string[]>();
  const note = (id: string, place?: string): void => {
    const found = places.get(id) ?? [];
    places.set(id, place === undefined ? found : [...found, place]);
  };
  for (const list of LISTS) for (const id of await redis.lrange(base + list, 0, -1)) note(id, list);
  for (const set of SETS) for (const id of await redis.zrange(base + set, '0', '-1')) note(id, set);
  for (const key of await redis.keys(`${base}[jkb]-*`)) {
    const id = key.slice(base.length);
    if (!id.includes(':')) note(id);
  }
  const pipeline = redis.pipeline();
  const ids = [...places.keys()];
  for (const id of ids) pipeline.hgetall(base + id);
  const hashes = ((await pipeline.exec()) ?? []).map(([, hash]) => hash as Record<string, string>);
  return ids.map((id, at) => storedJob(id, queue, places.get(id) ?? [], hashes[at] ?? {}));
}

function storedJob(id: string, queue: string, places: readonly string[], hash: Record<string, string>): StoredJob {
  const { atm, stc, failedReason, returnvalue, finishedOn, data } = hash as { [field: string]: string | undefined };
  return {
    ...{ id, queue, places, failedReason },
    attemptsMade: Number(atm ?? 0),
    crashes: Number(stc ?? 0),
    key: data === undefined ? '' : (JSON.parse(data) as { readonly key: string }).key,
    result: returnvalue === undefined ? undefined : JSON.parse(returnvalue),
    finishedOn: finishedOn === undefined ? undefined : Number(finishedOn),
  };
}
